"""How passwords are kept."""

from db import passwords


async def test_a_password_fits_what_was_stored_of_it_and_nothing_else() -> None:
    stored = await passwords.hashed("枫桥-caf\u00e9-1")
    assert stored.startswith("$argon2id$")
    assert await passwords.fits("枫桥-cafe\u0301-1", stored), "however the keyboard composed it"
    assert not await passwords.fits("枫桥-cafe-1", stored)


async def test_nothing_fits_a_hash_that_cannot_be_read() -> None:
    for stored in ("", "!", "plain text", "$argon2id$v=19$m=65536,t=3,p=4$broken"):
        assert not await passwords.fits("plain text", stored)
