#!/usr/bin/env python3
"""A small server of one's own for TRANSCRIBE_URL: English speech into words, on this machine alone.

    python3 -m venv speech && speech/bin/pip install pocketsphinx==5.1.1 soundfile numpy
    speech/bin/python contrib/transcription-server.py 8000
    TRANSCRIBE_URL=http://127.0.0.1:8000/v1 TRANSCRIBE_MODEL=en-us systech-aidd doctor --only speech

A recording as Telegram's apps make them (OGG with Opus), of a WAV file:

    speech/bin/python contrib/transcription-server.py hello.wav hello.ogg

The model comes with the package. It is small and hears English only; for everyday use take whisper.cpp or faster-whisper,
which are asked in the same way.
"""

import email.parser
import email.policy
import io
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy
import pocketsphinx
import soundfile

RATE = 16_000


def samples(recording, rate: int) -> tuple[numpy.ndarray, float]:
    """The recording at this rate, and how many seconds it plays."""
    sound, own_rate = soundfile.read(recording, always_2d=True)
    sound = sound.mean(axis=1)
    seconds = len(sound) / own_rate
    places = numpy.linspace(0, len(sound) - 1, int(seconds * rate))
    return numpy.interp(places, numpy.arange(len(sound)), sound), seconds


def words(recording: bytes) -> tuple[str, float]:
    """What is said in it, and how many seconds it plays."""
    sound, seconds = samples(io.BytesIO(recording), RATE)
    decoder = pocketsphinx.Decoder(samprate=RATE, loglevel="FATAL")
    decoder.start_utt()
    decoder.process_raw((sound * 32767).astype("<i2").tobytes(), full_utt=True)
    decoder.end_utt()
    heard = decoder.hyp()
    return (heard.hypstr if heard else ""), seconds


class Server(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.path != "/v1/audio/transcriptions":
            return self.answer(404, {"error": {"message": "not found"}})
        head = f"content-type: {self.headers['content-type']}\r\n\r\n".encode()
        form = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
        fields = {part.get_param("name", header="content-disposition"): part for part in form.iter_parts()}
        try:
            text, seconds = words(fields["file"].get_payload(decode=True))
        except (KeyError, soundfile.LibsndfileError):
            return self.answer(400, {"error": {"message": "no recording that can be read"}})
        self.answer(200, {"text": text, "usage": {"type": "duration", "seconds": round(seconds)}})

    def answer(self, status: int, document: dict):
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    if len(sys.argv) == 3:
        soundfile.write(sys.argv[2], samples(sys.argv[1], 48_000)[0], 48_000, format="OGG", subtype="OPUS")
        sys.exit()
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Server).serve_forever()
