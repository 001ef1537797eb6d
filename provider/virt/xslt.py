"""``xml.xslt``: a stylesheet of the operator's that has the last word on what is given to libvirt."""

from __future__ import annotations

from lxml import etree

from provider.errors import OperatorError


def _parser() -> etree.XMLParser:
    return etree.XMLParser(resolve_entities=False, no_network=True)


def apply(xml: str, xslt: str) -> str:
    """The XML as the stylesheet makes it.  No stylesheet reaches a file or the network: ``document()``,
    ``xsl:import`` and external entities fail.  `OperatorError` says what is wrong with it, in one line."""
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
