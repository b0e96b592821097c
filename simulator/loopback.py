"""What counts as "this computer": the simulator talks to nothing else."""

import ipaddress


def is_loopback(host: str) -> bool:
    """True for localhost and for the loopback addresses of IPv4 and IPv6."""
    name = host.strip("[]").lower()
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
