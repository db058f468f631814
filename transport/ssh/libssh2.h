/*
 * libssh2, loaded when a connection is made.
 */
#ifndef TRANSPORT_SSH_LIBSSH2_H
#define TRANSPORT_SSH_LIBSSH2_H

#include <libssh2.h>

#include "common/base/library.h"

/* clang-format off */
#define LIBSSH2_FUNCTIONS(F) \
	F(agent_connect) F(agent_free) F(agent_get_identity) F(agent_init) \
	F(agent_list_identities) F(agent_userauth) F(channel_eof) \
	F(channel_get_exit_signal) F(channel_get_exit_status) \
	F(channel_open_ex) F(channel_process_startup) F(channel_read_ex) \
	F(channel_send_eof) F(channel_wait_closed) F(channel_write_ex) \
	F(free) F(hostkey_hash) F(init) F(keepalive_config) \
	F(keepalive_send) F(knownhost_add) F(knownhost_check) \
	F(knownhost_free) F(knownhost_init) F(session_block_directions) \
	F(session_callback_set) F(session_disconnect_ex) F(session_free) \
	F(session_handshake) F(session_hostkey) F(session_init_ex) \
	F(session_last_error) F(session_method_pref) F(session_methods) \
	F(session_set_blocking) F(session_set_timeout) \
	F(session_supported_algs) F(userauth_publickey_frommemory)
/* clang-format on */

/* Its functions, without the "libssh2_". */
struct libssh2 {
#define LIBSSH2_POINTER(name) __typeof__(libssh2_##name) *name;
	LIBSSH2_FUNCTIONS(LIBSSH2_POINTER)
#undef LIBSSH2_POINTER
};
extern struct libssh2 ssh2;

/* See library_load. */
int libssh2_load(struct err *e);

#endif
