"""The hash that every client, proxy and publisher must agree on."""

import pytest

from feature_service.shards import Shard, ShardKey, shard_number


@pytest.mark.parametrize(
    ("product_id", "key", "number"),
    [
        ("12-10042974", "PRODUCT_ID", 391),
        ("7-10042974", "PRODUCT_ID", 669),
        ("a-b-c", "PRODUCT_ID", 152),
        ("Füller", "PRODUCT_ID", 239),
        ("12-10042974", "ITEM", 487),
        ("7-10042974", "ITEM", 487),
        ("a-b-c", "ITEM", 153),
        ("Füller", "ITEM", 239),
    ],
)
def test_a_product_is_in_the_shard_that_the_proto_documents(product_id: str, key: ShardKey, number: int) -> None:
    assert shard_number(product_id, 1000, key) == number


def test_a_shard_is_read_as_it_is_written() -> None:
    assert Shard.parse("0/4") == Shard(0, 4)
    assert str(Shard(3, 1024)) == "3/1024"


@pytest.mark.parametrize("text", ["", "4", "4/4", "-1/4", "1/0", "0/1025", "01/4", "1/4 ", "1 / 4", "a/b", "١/٤"])
def test_what_is_no_shard_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match="must be NUMBER/COUNT"):
        Shard.parse(text)
