/*
 * From the leaves of associations to the live tree: the XML, the compiled
 * files, the store's directories.  Behind an interface, so that what ingests
 * can run without files, XML and SQLite.
 */
#ifndef HUB_INGEST_COMPILE_H
#define HUB_INGEST_COMPILE_H

#include "common/config/config.h"
#include "xmlconfig/compiled.h"

struct compiler_ops;

/* A compiler's own state begins with this. */
struct compiler {
	const struct compiler_ops *ops;
};

/* One association's part of a tree, to be replaced. */
struct compile_part {
	const struct association *association;
	const struct tree *tree; /* finished */
	struct compiled_head head;
};

typedef bool compile_each(void *arg, const struct tree_leaf *l);

struct compiler_ops {
	/* What is live of an association; false: nothing is, or it cannot be
	 * read and has to be compiled again. */
	bool (*head)(struct compiler *c, const struct association *a,
	    struct compiled_head *out);
	/* Its live leaves. */
	int (*each)(struct compiler *c, const struct association *a,
	    compile_each *each, void *arg, struct err *e);
	/* Replace parts of a tree, all at once; the rest of it stays.  After a
	 * failure all is as it was. */
	int (*compile)(struct compiler *c, const char *tree,
	    const struct compile_part *part, size_t n, struct err *e);
	void (*close)(struct compiler *c);
};

/* The real one: <state>/trees/<tree>/.  Borrows all. */
struct compiler *compile_open(const struct config *config, int state_dir);

/* <association>.sqlite in <state>/trees/<tree>, for reading. */
int compile_read(int state_dir, const struct association *a,
    struct compiled **out, struct err *e);

#endif
