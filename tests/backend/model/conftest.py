"""Settings that must stand before torch is imported, as the loader makes them in the product."""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
