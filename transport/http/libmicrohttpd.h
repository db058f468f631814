/*
 * libmicrohttpd, and libgnutls that it has its TLS from, loaded where there is
 * something to listen for.
 */
#ifndef TRANSPORT_HTTP_LIBMICROHTTPD_H
#define TRANSPORT_HTTP_LIBMICROHTTPD_H

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <microhttpd.h>

#include "common/base/library.h"

/* clang-format off */
#define LIBMICROHTTPD_FUNCTIONS(F) \
	F(add_response_header) F(create_response_from_buffer) \
	F(create_response_from_callback) F(destroy_response) \
	F(get_connection_info) F(get_connection_values) F(get_daemon_info) \
	F(get_timeout) F(lookup_connection_value) F(queue_response) \
	F(resume_connection) F(run) F(start_daemon) F(suspend_connection)
/* clang-format on */

/* clang-format off */
#define LIBGNUTLS_FUNCTIONS(F) \
	F(certificate_allocate_credentials) \
	F(certificate_free_credentials) F(certificate_get_peers) \
	F(certificate_set_x509_key_mem) F(certificate_set_x509_trust_mem) \
	F(certificate_verify_peers3) F(strerror) F(x509_crt_deinit) \
	F(x509_crt_get_dn_by_oid) F(x509_crt_get_subject_alt_name) \
	F(x509_crt_get_activation_time) F(x509_crt_get_expiration_time) \
	F(x509_crt_import) F(x509_crt_init)
/* clang-format on */

/* Their functions, without the "MHD_" and the "gnutls_". */
struct libmicrohttpd {
#define LIBMICROHTTPD_POINTER(name) __typeof__(MHD_##name) *name;
	LIBMICROHTTPD_FUNCTIONS(LIBMICROHTTPD_POINTER)
#undef LIBMICROHTTPD_POINTER
};
extern struct libmicrohttpd mhd;

struct libgnutls {
#define LIBGNUTLS_POINTER(name) __typeof__(gnutls_##name) *name;
	LIBGNUTLS_FUNCTIONS(LIBGNUTLS_POINTER)
#undef LIBGNUTLS_POINTER
};
extern struct libgnutls gnutls;

/* See library_load. */
int libmicrohttpd_load(struct err *e);

#endif
