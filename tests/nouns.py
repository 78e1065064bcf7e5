"""The trade's nouns (design §2), each with the stem its collections carry."""

NOUNS = {
    "region": "regions",
    "grid": "grids",
    "org": "orgs",
    "person": "people",
    "incident": "incidents",
    "assignment": "assignments",
    "clock": "clocks",
    "verification": "verifications",
    "followup": "followups",
    "supervision": "supervisions",
    "arbitration": "arbitrations",
    "dispute": "disputes",
    "fieldwork": "fieldwork",
    "volunteer": "volunteers",
    "points": "points",
    "appraisal": "appraisals",
    "report": "reports",
    "media": "media",
    "dictionary": "dictionaries",
    "session": "sessions",
}
