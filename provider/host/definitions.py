"""The XML of a domain: of the guest as it runs, of its persistent definition, and of its managed save image."""

from __future__ import annotations

from typing import Final

from provider.connection import api, errors, states

# virDomainXMLFlags
SECURE: Final = 1
INACTIVE: Final = 2


def both_xmls(domain: api.Domain) -> tuple[str | None, str | None]:
    """The running guest's XML and the persistent definition; None for the one that the domain does not have.

    With what libvirt calls secure (graphics passwords), so that what is fed back has lost nothing.
    """
    live = domain.XMLDesc(SECURE) if domain.isActive() else None
    config = domain.XMLDesc(SECURE | INACTIVE) if domain.isPersistent() else None
    return live, config


def live_xml(domain: api.Domain) -> str | None:
    """The running guest's, without what is secure; None for a domain that is shut off, or gone meanwhile."""
    return errors.unless(errors.NO_DOMAIN, lambda: domain.XMLDesc() if domain.isActive() else None)


def saved_xml(domain: api.Domain) -> str | None:
    """What a saved domain comes back with at its next start, without what is secure; None for one that is not saved.

    Also for one whose image libvirt can't read: it does not start before that is given up.
    """
    if not states.is_saved(domain):
        return None
    try:
        return domain.managedSaveGetXMLDesc()
    except errors.VirtError as error:
        if errors.lost(error):
            raise
        return None


def xmls(domain: api.Domain) -> list[str]:
    """What runs, or else is defined, then the persistent definition of what runs; or the image of what is saved.

    Without what is secure.  None of a domain that is gone meanwhile.
    """
    return errors.unless(errors.NO_DOMAIN, _xmls, domain) or []


def _xmls(domain: api.Domain) -> list[str]:
    now = [domain.XMLDesc()]
    if domain.isActive():
        return [*now, domain.XMLDesc(INACTIVE)] if domain.isPersistent() else now
    saved = saved_xml(domain)
    return now if saved is None else [*now, saved]
