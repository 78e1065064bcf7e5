"""Small pictures as phones make them."""

import io

from PIL import ExifTags, Image


def jpeg(colour: str = "#336699") -> bytes:
    """A JPEG of 40 by 30 pixels."""
    held = io.BytesIO()
    Image.new("RGB", (40, 30), colour).save(held, "JPEG")
    return held.getvalue()


def gps_jpeg() -> bytes:
    """A JPEG with a place, a comment and an orientation, as a phone held upright writes it."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    exif[ExifTags.Base.Make] = "Phone"
    exif.get_ifd(ExifTags.IFD.GPSInfo).update({1: "N", 2: (41.0, 11.0, 30.0), 3: "E", 4: (123.0, 27.0, 5.0)})
    held = io.BytesIO()
    Image.new("RGB", (40, 20), "#998877").save(held, "JPEG", exif=exif, comment=b"secret comment")
    return held.getvalue()
