"""A language model on this machine: its grade is the number of words that query and document share."""

from __future__ import annotations

import json

import local_service

ANSWER_TOKENS = 10


def pair_of(request):
    """Query and document as a request has them."""
    return json.loads(request["messages"][1]["content"])


def tokens_of(request):
    """Every four characters are a token."""
    return sum(-(-len(message["content"]) // 4) for message in request["messages"])


def completion(request, text):
    """What a service says where its model writes this."""
    usage = {"prompt_tokens": tokens_of(request), "completion_tokens": ANSWER_TOKENS}
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    return {"object": "chat.completion", "choices": [choice], "usage": usage}


def grade_of(pair, highest=3):
    return min(highest, len(set(pair["query"].split()) & set(pair["document"].split())))


def answer_of(request):
    return completion(request, json.dumps({"grade": grade_of(pair_of(request)), "note": "by words"}))


def saying(text):
    """A model that writes this whatever it is asked."""
    return lambda request: completion(request, text)


class ChatService(local_service.LocalService):
    @property
    def pairs(self):
        """What was asked so far."""
        return [(pair["query"], pair["document"]) for pair in (pair_of(request) for _, request in self.requests)]


def chat_service():
    return local_service.local_service("/v1/chat/completions", answer_of, ChatService)
