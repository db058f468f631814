# Pages, by the name that they are installed under: formats that others might
# have too get our name in front.
man_pages = axletree.conf.5:axletree.conf.5 spool.5:axletree-spool.5 \
	message-format.5:axletree-message.5 protocol.5:axletree-protocol.5 \
	columnar.5:axletree-columnar.5 \
	spoke.1:spoke.1 hubctl.1:hubctl.1 hubd.8:hubd.8

EXTRA_DIST += doc

install-data-local:
	@for p in $(man_pages); do \
		from=$(top_srcdir)/doc/$${p%%:*}; to=$${p#*:}; \
		dir="$(DESTDIR)$(mandir)/man$${to##*.}"; \
		test -f $$from || continue; \
		$(MKDIR_P) "$$dir" && \
		$(INSTALL_DATA) $$from "$$dir/$$to" || exit 1; \
	done

uninstall-local:
	@for p in $(man_pages); do \
		to=$${p#*:}; \
		rm -f "$(DESTDIR)$(mandir)/man$${to##*.}/$$to"; \
	done
