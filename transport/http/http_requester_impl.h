/*
 * Inside of the requester: http_requester.c chooses requests, http_requester_body.c
 * has their bodies.
 */
#ifndef TRANSPORT_HTTP_HTTP_REQUESTER_IMPL_H
#define TRANSPORT_HTTP_HTTP_REQUESTER_IMPL_H

#include "transport/http/http_requester.h"

/* Of all that our program said. */
uint64_t http_requester_end(const struct http_requester *r);
/* How far a request goes, or may. */
uint64_t http_requester_reach(const struct http_post *p);
/* Not all of its body went; what did is answered by and by. */
bool http_requester_is_unfinished(const struct http_post *p);
/* Of a body that goes on. */
size_t http_requester_body_most(const struct http_requester *r);
/* Keep no more what the far end has, and no request is bringing once more. */
void http_requester_drop(struct http_requester *r);

#endif
