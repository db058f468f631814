/*
 * columnar's coding of text: what repeats something of the last megabytes is a
 * length, the rest goes letter by letter.  For configurations, the bodies of
 * other messages, and whatever is not canonical.
 */
#ifndef COMMON_CODEC_COLUMNAR_COLUMNAR_TEXT_H
#define COMMON_CODEC_COLUMNAR_COLUMNAR_TEXT_H

#include "common/codec/columnar/columnar_coder.h"

struct text;
struct text *text_new(const struct coder_tables *t);
void text_free(struct text *x);

/* Letters that cost their full time so far, for nothing foretold them. */
uint64_t text_letters(const struct text *x);

/* In each mode bytes join the history, at the latest before the next are coded.
 * Learning and encoding take them from
 * in; text_decode appends n of them to out, which has room; -1: the budget of
 * time is over. */
void text_learn(struct text *x, struct slice in);
void text_encode(struct text *x, struct coder *c, struct slice in);
struct codec_budget;
int text_decode(struct text *x, struct coder *c, size_t n, struct buf *out,
    const struct codec_budget *budget);

#endif
