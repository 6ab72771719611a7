import pytest

from feature_service.server.rpc.call import request_id_of


@pytest.mark.parametrize("sent", ["order-page-42", "night 7", "~" * 128])
def test_a_request_id_that_can_be_sent_back_is_kept(sent: str) -> None:
    assert request_id_of({"x-request-id": sent}) == sent


@pytest.mark.parametrize("sent", ["", "a\x01b", "\x1b]0;owned\x07", "a\nb", "é", "\x7f"])
def test_a_request_id_that_could_not_be_sent_back_is_replaced(sent: str) -> None:
    found = request_id_of({"x-request-id": sent})
    assert found != sent
    assert found.isalnum()
