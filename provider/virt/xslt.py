"""``xml.xslt``: a stylesheet of the operator's that has the last word on what is given to libvirt."""

from __future__ import annotations

from lxml import etree

from provider.errors import OperatorError


class _Nowhere(etree.Resolver):  # type: ignore[misc]
    """What ``xsl:import``, ``xsl:include`` and entities ask for while a stylesheet is read: nothing is given."""

    def resolve(self, url: str, public_id: str, context: object) -> None:
        raise OperatorError(f"xml.xslt cannot be applied: it reaches for {url}, and must be one document")


def _parser() -> etree.XMLParser:
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    parser.resolvers.add(_Nowhere())
    return parser


def apply(xml: str, xslt: str) -> str:
    """The XML as the stylesheet makes it; no stylesheet reaches a file or the network.  `OperatorError` says what
    is wrong with it, in one line."""
    try:
        stylesheet = etree.XSLT(
            etree.fromstring(xslt.encode(), _parser()), access_control=etree.XSLTAccessControl.DENY_ALL
        )
        result = stylesheet(etree.fromstring(xml.encode(), _parser()))
    except (etree.XMLSyntaxError, etree.XSLTError) as error:
        raise OperatorError(f"xml.xslt cannot be applied: {' '.join(str(error).split())}") from error
    if result.getroot() is None:
        raise OperatorError("xml.xslt cannot be applied: it leaves no element")
    return str(etree.tostring(result, encoding="unicode", pretty_print=True))
