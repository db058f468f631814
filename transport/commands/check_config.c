/*
 * Verb check-config: whether the configuration can be worked with, the directories
 * of the node, who sends its mail, and the files of keys that it names.  They are
 * opened by whom and as whoever opens them later, so what is passed here does not
 * fail there.
 */
#include "config.h"

#include <unistd.h>

#include "common/base/log.h"
#include "common/base/proc.h"
#include "transport/carried/signature.h"
#include "transport/commands/commands.h"
#include "transport/http/http_listener.h"

static int
check_association(const struct association *a, struct err *e)
{
	const struct transport_ops *t =
	    transport_find(config_transport_name(a->transport));
	struct signature_keys keys;
	int rc = 0;

	if (config_is_carried(a)) {
		rc = signature_keys_read(a, &keys, e);
		signature_keys_clear(&keys);
	}
	if (rc == 0 && config_dials(a) && t != NULL && t->check != NULL)
		rc = t->check(a, e);
	return rc == 0
	    ? 0
	    : err_wrap(e, "%s:%d: association %s", a->file, a->line, a->name);
}

/* Without it hubd works on, and what it has to tell waits: but nobody is told. */
static int
check_mailer(const struct config_operator *o, struct err *e)
{
	if (o->mail[0] == NULL || proc_find(o->sendmail[0], e) == 0)
		return 0;
	return err_wrap(e, "%s:%d: operator: sendmail", o->file, o->line);
}

static int
check_files(const struct config *c, struct err *e)
{
	struct err other = { 0 };

	if (node_become(c, &other) == -1) {
		log_warn("%s; the files that it names were not looked at: %s",
		    c->file, other.msg);
		return 0;
	}
	if (node_check(c, e) == -1 || node_check_stores(c, e) == -1 ||
	    check_mailer(&c->oper, e) == -1)
		return -1;
	for (size_t i = 0; i < c->n_association; i++)
		if (check_association(&c->association[i], e) == -1)
			return -1;
	if (http_listener_check(c, CONFIG_HUB, true, e) == -1 ||
	    http_listener_check(c, CONFIG_SPOKE, true, e) == -1)
		return err_wrap(e, "%s", c->file);
	return 0;
}

int
command_check_config(const struct options *opts, int argc, char **argv)
{
	/* Nothing is made, and nothing entered: any account may check. */
	struct ground g = { .options = *opts, .argc = argc, .argv = argv };
	struct config *c = NULL;
	struct err e = { 0 };
	int rc = -1;

	g.operands = options_parse(&g.options, NULL, argc, argv, &e);
	if (g.operands != -1 && ground_check_operands(&g, 0, &e) == 0 &&
	    config_read(g.options.config, &c, &e) == 0)
		rc = g.options.verbose ? config_print(c, STDOUT_FILENO, &e) : 0;
	if (rc == 0)
		rc = check_files(c, &e);
	config_free(c);
	return rc == 0 ? 0 : command_failed(&e);
}
