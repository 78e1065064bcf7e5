"""Pictures of a case; the files themselves are served under `/files/`."""

import strawberry

from api.ids import encode
from api.scalars import DateTime
from api.schema.words import Node, Shown, column, derived
from domain import media as rows
from domain.media import MediaPurpose


@strawberry.type(description="媒体。One uploaded picture.")
class Media(Shown[rows.Media], Node):
    """媒体."""

    url: str = derived(
        "id",
        fn=lambda key: f"/files/{encode('Media', key)}",
        description="文件地址。Where the file is, under this server.",
    )
    content_type: str = column("content_type", "内容类型。MIME type.")
    sha256: str = column("sha256", "所存文件的 SHA-256。SHA-256 of the stored file, hexadecimal.")
    bytes: int = column("bytes", "字节数。Size of the stored file.")
    purpose: MediaPurpose | None = column("purpose", "用途。At which step it was taken.")
    uploaded_at: DateTime = column("uploaded_at", "上传时间。When it was uploaded.")
