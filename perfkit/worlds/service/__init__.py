"""The mock service of a few lines: routes, service times, workers, limits and faults, on any clock.

    api = perfkit.worlds.http(rtt_ms=20, workers=8, service_ms=30)

    @api.get("/jobs/{id}")
    def job(request):
        return {"id": request.path["id"], "state": request.state[int(request.path["id"])]}

``world.HttpService`` is the declaration, ``server.Server`` one start of it; ``connection`` and ``parsing``
are its HTTP/1.1 front, without a library.
"""

from perfkit.worlds.service.behaviour import Options
from perfkit.worlds.service.messages import Request, Response
from perfkit.worlds.service.world import HttpService, http

__all__ = ["HttpService", "Options", "Request", "Response", "http"]
