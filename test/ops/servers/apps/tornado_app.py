"""The rig's application for Tornado. What it has to do is said in ../../README.md."""
import asyncio
import os
import sys

import tornado.ioloop
import tornado.web


class Hello(tornado.web.RequestHandler):
    async def get(self):
        await asyncio.sleep(int(self.get_query_argument('ms', '0')) / 1000)
        self.finish(b'hello')

    head = get


class Large(tornado.web.RequestHandler):
    def get(self):
        self.finish(b'large ' * 5000)


@tornado.web.stream_request_body
class Refuse(tornado.web.RequestHandler):
    def prepare(self):
        self.set_status(403)
        self.finish(b'refused')

    def data_received(self, chunk):
        pass


class Order(tornado.web.RequestHandler):
    async def post(self):
        with open(os.environ['RIG_JOURNAL'], 'a') as journal:
            journal.write(self.request.headers['X-Id'] + '\n')
        await asyncio.sleep(int(self.get_query_argument('ms', '0')) / 1000)
        self.finish(b'order %d' % len(self.request.body))


routes = [('/hello', Hello), ('/large', Large), ('/refuse', Refuse), ('/order', Order)]
tornado.web.Application(routes).listen(int(sys.argv[1]), '127.0.0.1')
tornado.ioloop.IOLoop.current().start()
