"""What the servers of a fleet serve together."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from feature_service.client.results import Provenance, RecordedCounts, ServedQuestion, ServiceInfo

T = TypeVar("T")


def joined_info(infos: Sequence[ServiceInfo]) -> ServiceInfo:
    """Products summed, of limits the least, since when all of them serve; the snapshot is the oldest of theirs."""
    if len(infos) == 1:
        return infos[0]
    return ServiceInfo(
        provenance=_oldest(each.provenance for each in infos),
        serving_since=max(each.serving_since for each in infos),
        products=sum(each.products for each in infos),
        first_week=max(each.first_week for each in infos),
        server_version=", ".join(dict.fromkeys(each.server_version for each in infos)),
        max_ids_per_request=_least(each.max_ids_per_request for each in infos),
        max_message_bytes=_least(each.max_message_bytes for each in infos),
        max_concurrent_rpcs=_least(each.max_concurrent_rpcs for each in infos),
        max_streams=_least(each.max_streams for each in infos),
        data_warnings=tuple(_each_once(warning for each in infos for warning in each.data_warnings)),
        questions=tuple(_joined_questions(infos)),
        recorded_counts=_joined_counts([each.recorded_counts for each in infos]),
        shards=tuple(shard for each in infos for shard in each.shards),
        challenger=min(infos, key=lambda each: each.provenance.published_at).challenger,
    )


def _joined_questions(infos: Sequence[ServiceInfo]) -> Iterator[ServedQuestion]:
    """Those that every server answers, in the first one's order."""
    for first in infos[0].questions:
        served = [each for info in infos for each in info.questions if each.name == first.name]
        if len(served) == len(infos):
            yield replace(
                first,
                is_default=all(each.is_default for each in served),
                products=sum(each.products for each in served),
                serving_since=max(each.serving_since for each in served),
                provenance=_oldest(each.provenance for each in served),
            )


def _joined_counts(counts: Sequence[RecordedCounts | None]) -> RecordedCounts | None:
    """Connected if all are; None where none hears of any."""
    heard = [each for each in counts if each is not None]
    if not heard:
        return None
    return RecordedCounts(
        connected=len(heard) == len(counts) and all(each.connected for each in heard),
        products=sum(each.products for each in heard),
        newest_counted_on=max((each.newest_counted_on for each in heard if each.newest_counted_on), default=None),
        heard_at=max((each.heard_at for each in heard if each.heard_at), default=None),
    )


def _oldest(provenances: Iterable[Provenance]) -> Provenance:
    return min(provenances, key=lambda each: each.published_at)


def _least(limits: Iterable[int]) -> int:
    """Of those that are limits; 0 stands for none."""
    return min((each for each in limits if each), default=0)


def _each_once(texts: Iterable[T]) -> Iterable[T]:
    return dict.fromkeys(texts)
