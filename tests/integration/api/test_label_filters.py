"""A filter that may be given again and again is given only so often."""

from rest_framework.test import APIClient

from apps.api.filtering import MOST_REPEATED

URL = "/api/v1/executions"


def test_so_many_labels_can_be_asked_for_and_no_more(owner: APIClient) -> None:
    labels = [f"name{number}:x" for number in range(MOST_REPEATED + 1)]
    assert owner.get(URL, {"label": labels[:-1]}).status_code == 200
    answer = owner.get(URL, {"label": labels})
    assert answer.status_code == 400
    assert [(item["pointer"], item["code"]) for item in answer.json()["errors"]] == [("/label", "repeated")]


def test_the_same_holds_for_a_filter_in_a_body(owner: APIClient) -> None:
    labels = [f"name{number}:x" for number in range(MOST_REPEATED + 1)]
    answer = owner.post(f"{URL}/bulk", {"filter": {"label": labels}, "operation": "cancel"}, format="json")
    assert answer.status_code == 400
    assert [(item["pointer"], item["code"]) for item in answer.json()["errors"]] == [("/filter/label", "repeated")]
