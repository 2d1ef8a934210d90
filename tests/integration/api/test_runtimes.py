from rest_framework.test import APIClient

from tests.factories import make_runtimes, make_worker

URL = "/api/v1/runtimes"


def test_runtimes_are_listed_with_what_active_workers_have(owner: APIClient) -> None:
    make_runtimes("python", "shell")
    found = {"python": [{"version": "3.11.7", "interpreter": "/a"}, {"version": "3.12.1", "interpreter": "/b"}]}
    make_worker("one", runtimes=found)
    make_worker("two", runtimes={"python": [{"version": "3.11.7", "interpreter": "/c"}]})
    make_worker("gone", runtimes={"shell": [{"version": "5.2", "interpreter": "/d"}]}, status="lost")
    python, shell = owner.get(URL).json()["results"]
    assert (python["name"], python["versions"], python["workers"]) == ("python", ["3.12.1", "3.11.7"], 2)
    assert (shell["name"], shell["versions"], shell["workers"], shell["pack"]) == ("shell", [], 0, "core")
    assert ".py" in python["extensions"]
