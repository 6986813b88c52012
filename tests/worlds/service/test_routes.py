import pytest

from perfkit.errors import UsageError
from perfkit.worlds.service.behaviour import Behaviour
from perfkit.worlds.service.routes import Route, Router


def routes(*names):
    router = Router()
    for name in names:
        method, path = name.split()
        router.add(Route(method, path, len, Behaviour()))
    return router


def found(router, method, target):
    route, values, methods = router.find(method, target)
    return (route.name if route else None), values, methods


def test_fixed_paths_come_before_names():
    router = routes("GET /jobs/{id}", "GET /jobs/all", "GET /jobs/{id}/parts/{part}")
    assert found(router, "GET", "/jobs/all") == ("GET /jobs/all", {}, [])
    assert found(router, "GET", "/jobs/7?x=/jobs/all") == ("GET /jobs/{id}", {"id": "7"}, [])
    assert found(router, "GET", "/jobs/7/parts/a%2Fb") == (
        "GET /jobs/{id}/parts/{part}",
        {"id": "7", "part": "a/b"},
        [],
    )
    assert found(router, "GET", "/jobs/") == (None, {}, [])
    assert found(router, "GET", "/jobs/7/parts") == (None, {}, [])


def test_methods_of_one_path_may_call_its_parts_differently():
    router = routes("GET /jobs/{id}", "PUT /jobs/{number}")
    assert found(router, "PUT", "/jobs/7")[1] == {"number": "7"}
    assert found(router, "DELETE", "/jobs/7") == (None, {}, ["GET", "HEAD", "PUT"])


def test_head_is_answered_by_get_unless_it_has_a_route():
    assert found(routes("GET /"), "HEAD", "/")[0] == "GET /"
    assert found(routes("GET /", "HEAD /"), "HEAD", "/")[0] == "HEAD /"
    assert found(routes("POST /"), "HEAD", "/") == (None, {}, ["POST"])


@pytest.mark.parametrize("target", ["http://a/jobs", "HTTPS://a:8080/jobs?x=1"])
def test_a_whole_url_is_a_target_too(target):
    assert found(routes("GET /jobs"), "GET", target)[0] == "GET /jobs"
    assert found(routes("GET /"), "GET", "http://a")[0] == "GET /"
    assert found(routes("GET /"), "GET", "*")[0] is None


def test_other_signs_in_a_path_mean_themselves():
    router = routes("GET /a.b/{x}")
    assert found(router, "GET", "/axb/1")[0] is None
    assert found(router, "GET", "/a.b/1")[0] == "GET /a.b/{x}"


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("GET /a?b=1", "has a query"),
        ("GET /{a}/{a}", "occur once"),
        ("GET /{a", "must be a Python name"),
        ("GET /{1a}", "must be a Python name"),
        ("get /", "in capitals"),
        ("GET /jobs", "two routes GET /jobs"),
        ("PUT /jobs/{number}", r"two routes PUT /jobs/\{number\}"),
    ],
)
def test_wrong_routes(name, says):
    with pytest.raises(UsageError, match=says):
        routes("GET /jobs", "PUT /jobs/{id}", name)
