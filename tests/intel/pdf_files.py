"""PDFs as small as they can be: pages of text, or pages without any."""

from __future__ import annotations

from pathlib import Path

_FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
_LEADING = 14


def write_pdf(path: Path, pages: list[str], *, title: str = "") -> Path:
    """A PDF with one page of Helvetica for each text; one for an empty text has no text, as a scanned page."""
    first = 5
    kids = b" ".join(b"%d 0 R" % (first + 2 * number) for number in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, len(pages)),
        _FONT,
        b"<< /Title (%s) >>" % _escaped(title),
    ]
    for number, text in enumerate(pages):
        content = _content(text)
        objects += [
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >> "
            b"/Contents %d 0 R >>" % (first + 2 * number + 1),
            b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        ]
    path.write_bytes(_file(objects))
    return path


def _content(text: str) -> bytes:
    if not text:
        return b"0.5 g 100 100 300 300 re f"
    lines = b" T* ".join(b"(%s) Tj" % _escaped(line) for line in text.split("\n"))
    return b"BT /F1 11 Tf %d TL 60 780 Td %s ET" % (_LEADING, lines)


def _file(objects: list[bytes]) -> bytes:
    data = b"%PDF-1.4\n"
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    return (
        data
        + b"xref\n0 %d\n0000000000 65535 f \n%strailer << /Size %d /Root 1 0 R /Info 4 0 R >>\nstartxref\n%d\n%%%%EOF\n"
        % (
            size,
            table,
            size,
            len(data),
        )
    )


def _escaped(text: str) -> bytes:
    return text.encode("latin-1").replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")
