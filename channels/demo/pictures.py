"""Small made-up photographs for reports, results and checks: coloured planes, nothing real."""

import io
from functools import cache

from PIL import Image, ImageDraw

SIZE = (160, 120)
SKIES = ("#b8d4ea", "#d9c9a3", "#8fa3b5", "#e6e6e6")
GROUNDS = ("#7a8a6a", "#6b6258", "#a89f8c", "#566573")
VARIETY = len(SKIES)


@cache
def picture(number: int) -> bytes:
    """A JPEG; a handful of different ones serve every case."""
    sky, ground = SKIES[number % VARIETY], GROUNDS[number % VARIETY]
    image = Image.new("RGB", SIZE, sky)
    canvas = ImageDraw.Draw(image)
    width, height = SIZE
    canvas.rectangle((0, height * 0.6, width, height), fill=ground)
    left = 20 + 30 * (number % VARIETY)
    canvas.rectangle((left, height * 0.25, left + 8, height * 0.75), fill="#3b3b3b")
    canvas.ellipse((left - 6, height * 0.15, left + 14, height * 0.3), fill="#f3e9b0")
    held = io.BytesIO()
    image.save(held, "JPEG", quality=70)
    return held.getvalue()
