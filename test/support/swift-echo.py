# Swift's own HTTP server (eventlet with SwiftHttpProtocol) and an app that says what it was asked, as JSON.
import json
import sys

import eventlet
import eventlet.wsgi
from swift.common.http_protocol import SwiftHttpProtocol


def app(env, start_response):
    source = env['wsgi.input']
    try:
        body = source.read() if source.chunked_input or source.content_length else b''
    except Exception as error:
        body = ('error: %r' % error).encode()
    seen = {
        'method': env['REQUEST_METHOD'],
        'target': env['RAW_PATH_INFO'] + ('?' + env['QUERY_STRING'] if 'QUERY_STRING' in env else ''),
        'headers': {k[5:]: v for k, v in env.items() if k.startswith('HTTP_')},
        'length': env.get('CONTENT_LENGTH'),
        'type': env.get('CONTENT_TYPE'),
        'body': body.decode('latin1'),
    }
    answer = json.dumps(seen).encode()
    start_response('200 OK', [('Content-Length', str(len(answer)))])
    return [answer]


class Quiet(object):
    def write(self, *args):
        pass

    def flush(self):
        pass


listener = eventlet.listen(('127.0.0.1', 0))
print(listener.getsockname()[1])
sys.stdout.flush()
eventlet.wsgi.server(listener, app, log=Quiet(), log_output=False, debug=False, protocol=SwiftHttpProtocol)
