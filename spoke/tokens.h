/*
 * The leaves of one association's stream and the tokens that they have: which
 * are in the configuration, which may come, which are gone (their tokens are
 * never given to another).  Kept in <state>/tokens/<association>, which is
 * written before the messages that use it, under the lock of the outbox.
 */
#ifndef SPOKE_TOKENS_H
#define SPOKE_TOKENS_H

#include "common/message/message.h"

enum leaf_state {
	LEAF_NEW,  /* seen, not yet in the configuration */
	LEAF_LIVE, /* in the configuration */
	LEAF_GONE, /* was in it */
};

/* Who states leaves: "collector/self", "write/stdin", or "?" for those whose
 * source the spool did not tell.  Those of `spoke write` have names of their own
 * for them. */
struct source {
	char *name;
	uint32_t setup; /* digest of what the configuration file says of it */
};
#define SOURCE_UNKNOWN "?"
#define SOURCE_STATES  "write/"

struct leaf {
	size_t at; /* its place in the configuration's order */
	char *path;
	char *token;  /* NULL: never had one */
	char *alias;  /* what its source calls it; NULL: nothing, or unknown */
	char *params; /* CONFIG lines, each with its LF */
	const struct source *source;
	enum leaf_state state;
	unsigned streak;    /* cycles in a row that ask for another state */
	uint64_t missing_s; /* live, but without a line since; 0: it has one */
	uint64_t touched; /* the last reading that named it: a serial number */
};

struct tokens {
	struct stream_id stream;
	uint64_t generation; /* of the CONFIG that was to be spooled last */
	uint32_t digest;     /* of its body */
	uint64_t changed_s;  /* its Timestamp: of the last change */
	uint64_t written_s;  /* when it was spooled last */
	uint64_t next;       /* number of the next token that is given out */
	uint64_t forgot;     /* any token but T<n> from this number on may have
				been given to a leaf that we forgot; 0: none */
	struct leaf **leaf;
	size_t n, cap;
	struct source **source;
	size_t n_source;
	bool changed; /* the configuration is not that of the last CONFIG */
	bool renamed; /* a leaf has another alias than the last CONFIG tells */
	bool unsaved;
	uint64_t serial;          /* of the last outcome applied */
	void *by_path, *by_token; /* tsearch(3) */
};

struct tokens *tokens_new(void);
void tokens_free(struct tokens *t);

/* 0 with *out NULL: there is no such file.  ERR_INPUT: it is damaged. */
int tokens_load(int state_dir, const char *association, struct tokens **out,
    struct err *e);
int tokens_save(struct tokens *t, int state_dir, const char *association,
    struct err *e);
/* The file's bytes, for the two above. */
void tokens_print(const struct tokens *t, struct buf *out);
int tokens_parse(struct slice text, struct tokens **out, struct err *e);

/* Found, or made with setup 0. */
struct source *tokens_source(struct tokens *t, const char *name);
/* Whether it states leaves by names of its own. */
bool source_states(const struct source *s);
struct leaf *tokens_find(const struct tokens *t, const char *path);
struct leaf *tokens_by_token(const struct tokens *t, struct slice token);
/* A new leaf; path is not there yet. */
struct leaf *tokens_add(struct tokens *t, const char *path,
    const struct source *source);
/* The leaf of this path for that source, made where there is none.  A leaf that is
 * not live, or that was made anew from the spool, becomes that source's.  NULL: the
 * leaf belongs to *other. */
struct leaf *tokens_claim(struct tokens *t, const char *path,
    const struct source *source, const struct source **other);
/* Whether all live leaves and these can stand in one tree.  ERR_INPUT. */
int tokens_fit(const struct tokens *t, struct leaf *const *more, size_t n,
    struct err *e);
/* Into the configuration, with the token that it had, the wanted one where it
 * is free, or the next T<n>. */
void tokens_enter(struct tokens *t, struct leaf *l, struct slice wanted);
/* The same with this token, which is known to be its own and no other leaf's. */
void tokens_enter_as(struct tokens *t, struct leaf *l, struct slice token);
/* Out of the configuration.  A leaf that never had a token is a mere name then. */
void tokens_leave(struct tokens *t, struct leaf *l);
void tokens_set_params(struct tokens *t, struct leaf *l, struct slice params);
void tokens_set_alias(struct tokens *t, struct leaf *l, struct slice alias);
/* No alias is known any more. */
void tokens_forget_aliases(struct tokens *t);
/* Leaves in the configuration, of that source or (NULL) of all. */
size_t tokens_live(const struct tokens *t, const struct source *source);

/* Bodies of the configuration: part by part, each of at most max bytes (or one
 * block), and behind what stands in extra the header lines that say whose the
 * leaves are; *at begins at 0.  False: that was all; an empty configuration is
 * one empty part. */
bool tokens_config_part(const struct tokens *t, size_t *at, size_t max,
    struct buf *body, struct buf *extra);
uint32_t tokens_config_digest(const struct tokens *t);

/* Make t agree with a CONFIG (all its parts, in order, between begin and end)
 * that was spooled: its leaves, and no others, are live, with its tokens and,
 * where it tells them, sources and aliases; those of t hold where it has them.
 * `next`: below it tokens were given that are not in that CONFIG. */
void tokens_adopt_begin(struct tokens *t);
void tokens_adopt_part(struct tokens *t, struct slice body, struct slice extra);
void tokens_adopt_end(struct tokens *t, uint64_t next);

#endif
