"""An ordinary locustfile: nothing in it knows of virtual time."""

from locust import FastHttpUser, HttpUser, constant, task


class Visitor(HttpUser):
    host = "http://api.example"
    wait_time = constant(1)

    @task
    def front_page(self):
        self.client.get("/")


class FastVisitor(FastHttpUser):
    host = "http://api.example"
    wait_time = constant(1)

    @task
    def front_page(self):
        self.client.get("/")
