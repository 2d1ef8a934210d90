from apps.packs.content_text import content_text


def test_one_is_told_as_one() -> None:
    assert content_text({"actions": 1, "policies": 1, "rules": 2}) == "1 action, 1 policy, 2 rules"
