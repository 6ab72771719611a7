"""Products a second that are answered anew for what callers suppose of them, by one worker and by two on one port.

Of invented shops whose stock is counted, by a model with a run-out curve, or of ``--snapshots``. The load is that of
``benchmarks.workers``.
"""

import argparse
import tempfile
from contextlib import ExitStack
from pathlib import Path
from statistics import median

import numpy as np
from rich.console import Console
from rich.table import Table
from stockout.v1.risk_service_pb2 import (
    AssessmentItem,
    AssessStockoutRisksRequest,
    ExpectedDeliveries,
    ExpectedDelivery,
)

from benchmarks.machine import SEED, machine
from benchmarks.processes import stop_on_sigterm
from benchmarks.workers import CONNECTIONS, ITEMS, Throughput, block, check_answered
from data import snapshots
from tests.support.servers import running_server


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--snapshots", type=Path, help="published ones of a question with a run-out curve")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="of a block")
    options = parser.parse_args()
    stop_on_sigterm()
    print(machine())
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        root = options.snapshots or made_shops(Path(name))
        snapshot = snapshots.load(root, snapshots.current_id(root))
        servers = [stack.enter_context(running_server(root, "--workers", str(count))) for count in (1, 2)]
        servers[1].wait_for("all workers serve")
        table = Table(
            title=f"{ITEMS:,} products a request, {CONNECTIONS} connections, the medians of {options.rounds} blocks; "
            "CPU in cores"
        )
        for column in ("what is said of each", "workers", "products/s", "generator", "workers' CPU", "others"):
            table.add_column(column, justify="left" if column.startswith("what") else "right")
        for title, request in requests(snapshot.panel.product_ids).items():
            body = Path(name) / "body"
            body.write_bytes(b"\0" + len(request).to_bytes(4, "big") + request)
            for workers, server in enumerate(servers, start=1):
                check_answered(server, request)
                pid = server.process.pid
                blocks = [block(server.target, pid, body, options.seconds) for _ in range(options.rounds)]
                rate, *cpu = (median(getattr(each, key) for each in blocks) for key in Throughput.__slots__)
                table.add_row(title, str(workers), f"{rate * ITEMS:,.0f}", *(f"{each:.2f}" for each in cpu))
        Console(width=120).print(table)


def made_shops(scratch: Path) -> Path:
    """Train on counted shops and publish."""
    from tests.support.shops import LABEL, train_shops  # noqa: PLC0415  training libraries
    from tests.support.snapshots import MODEL  # noqa: PLC0415

    panel, bundle_dir = train_shops(scratch / "shops")
    panel = panel.with_lead_time(7)
    snapshots.publish(panel, LABEL.eligible(panel), bundle_dir, MODEL, scratch / "snapshots")
    return scratch / "snapshots"


def requests(product_ids: tuple[str, ...]) -> dict[str, bytes]:
    """What is asked, by title: of so many products, some of them many times."""
    random = np.random.default_rng(SEED)
    asked = [product_ids[place] for place in random.integers(0, len(product_ids), ITEMS)]
    items = [AssessmentItem(product_id=each, units_on_hand=float(random.integers(0, 40))) for each in asked]
    with_all = [
        AssessmentItem(
            product_id=item.product_id,
            units_on_hand=item.units_on_hand,
            lead_time_days=int(random.integers(1, 30)),
            deliveries=ExpectedDeliveries(
                deliveries=[ExpectedDelivery(in_days=int(random.integers(1, 20)), units=float(random.integers(1, 50)))]
            ),
            unit_price=float(random.uniform(2, 20)),
            demand_factor=float(random.uniform(0.5, 2)),
        )
        for item in items
    ]
    return {
        "stock": AssessStockoutRisksRequest(items=items).SerializeToString(),
        "stock, lead time, a delivery, price, demand": AssessStockoutRisksRequest(items=with_all).SerializeToString(),
    }


if __name__ == "__main__":
    main()
