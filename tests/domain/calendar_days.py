"""The State Council's notices for 2024 to 2026 in short: per festival its days of rest and its exchanged days."""

from datetime import date, timedelta

from domain.calendar import CalendarDay, WorkCalendar

NOTICES = {
    2024: (
        ("元旦", "0101-0101", ""),
        ("春节", "0210-0217", "0204 0218"),
        ("清明节", "0404-0406", "0407"),
        ("劳动节", "0501-0505", "0428 0511"),
        ("端午节", "0610-0610", ""),
        ("中秋节", "0915-0917", "0914"),
        ("国庆节", "1001-1007", "0929 1012"),
    ),
    2025: (
        ("元旦", "0101-0101", ""),
        ("春节", "0128-0204", "0126 0208"),
        ("清明节", "0404-0406", ""),
        ("劳动节", "0501-0505", "0427"),
        ("端午节", "0531-0602", ""),
        ("国庆节、中秋节", "1001-1008", "0928 1011"),
    ),
    2026: (
        ("元旦", "0101-0103", "0104"),
        ("春节", "0215-0223", "0214 0228"),
        ("清明节", "0404-0406", ""),
        ("劳动节", "0501-0505", "0509"),
        ("端午节", "0619-0621", ""),
        ("中秋节", "0925-0927", ""),
        ("国庆节", "1001-1007", "0920 1010"),
    ),
}


def _day(year: int, month_day: str) -> date:
    return date(year, int(month_day[:2]), int(month_day[2:]))


def _days() -> list[CalendarDay]:
    found = []
    for year, festivals in NOTICES.items():
        source = f"国务院办公厅 {year}"
        for name, rest, exchanged in festivals:
            first, last = (_day(year, end) for end in rest.split("-"))
            resting = (first + timedelta(days=number) for number in range((last - first).days + 1))
            found += [CalendarDay(day, False, name, source) for day in resting]
            found += [CalendarDay(_day(year, day), True, name, source) for day in exchanged.split()]
    return found


CALENDAR = WorkCalendar(days=tuple(_days()), years=frozenset(NOTICES), version=3)
