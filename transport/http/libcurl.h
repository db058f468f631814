/*
 * libcurl, loaded when a connection is made.
 */
#ifndef TRANSPORT_HTTP_LIBCURL_H
#define TRANSPORT_HTTP_LIBCURL_H

#include <curl/curl.h>

#include "common/base/library.h"

/* clang-format off */
#define LIBCURL_FUNCTIONS(F) \
	F(easy_cleanup) F(easy_getinfo) F(easy_init) F(easy_pause) \
	F(easy_setopt) F(easy_strerror) F(free) F(global_cleanup) F(global_init) \
	F(multi_add_handle) F(multi_cleanup) F(multi_info_read) \
	F(multi_init) F(multi_perform) F(multi_poll) \
	F(multi_remove_handle) F(slist_append) F(slist_free_all) F(url) \
	F(url_cleanup) F(url_get) F(url_set)
/* clang-format on */

/* Its functions, without the "curl_". */
struct libcurl {
#define LIBCURL_POINTER(name) __typeof__(curl_##name) *name;
	LIBCURL_FUNCTIONS(LIBCURL_POINTER)
#undef LIBCURL_POINTER
};
extern struct libcurl curl;

/* See library_load. */
int libcurl_load(struct err *e);

#endif
