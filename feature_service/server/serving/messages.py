"""Parts of messages that several responses hold."""

import datetime as dt

from google.protobuf import timestamp_pb2
from google.type import date_pb2
from stockout.v1 import provenance_pb2
from stockout.v1.risk_service_pb2 import Shard, ShardKey

from data.snapshots import ChallengerScores, HeldShard


def timestamp_message(moment: dt.datetime) -> timestamp_pb2.Timestamp:
    """A moment, by UTC."""
    message = timestamp_pb2.Timestamp()
    message.FromDatetime(moment)
    return message


def date_message(day: dt.date) -> date_pb2.Date:
    """A day of the calendar."""
    return date_pb2.Date(year=day.year, month=day.month, day=day.day)


def shard_message(held: HeldShard | None) -> Shard | None:
    """The part of a snapshot that is held."""
    if held is None:
        return None
    key = ShardKey.Value(f"SHARD_KEY_{held.sharding.key}")
    return Shard(number=held.shard.number, count=held.shard.count, key=key)


def challenger_message(scores: ChallengerScores | None) -> provenance_pb2.Challenger | None:
    """The model that was scored beside the snapshot's own."""
    if scores is None:
        return None
    challenger = scores.challenger
    return provenance_pb2.Challenger(
        model_name=challenger.model.name,
        model_version=challenger.model.version,
        feature_set=challenger.feature_set,
        threshold=challenger.threshold,
        alerts_until_relief=challenger.until_relief,
    )
