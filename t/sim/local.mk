# The simulator.  make sim SEEDS=N is the campaign.
SEEDS = 100000

.PHONY: sim
sim: $(sim_programs)
	@for p in $(sim_programs); do ./$$p $(SEEDS) || exit 1; done
