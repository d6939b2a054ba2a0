// SPDX-License-Identifier: GPL-2.0-only
/*
 * net_loss.c - network_loss: packets vanish. Dropped at the host side of the veth, so neither end's
 * TCP is told.
 *
 * Models: random (with correlation: a two-state chain that keeps the overall rate), every nth,
 * Gilbert-Elliott, and the 4-state Markov chain of tc-netem(8) "loss state".
 */
#include <errno.h>

#include "fault/net/net.h"

static const char *const aliases[] = { "loss", NULL };
/* By enum fl_loss_model. */
static const char *const models[] = { "random", "nth", "gilbert-elliott", "markov4", NULL };

struct network_loss_params {
	struct net_own net;
	struct param_optional model; /* enum fl_loss_model */
	uint32_t correlation_ppm, nth;
	uint32_t loss_bad_ppm, loss_good_ppm;
	struct param_optional p, r, p13, p31, p32, p23, p14;
};

/* clang-format off */
#define FIELD(member) PARAM_FIELD(struct network_loss_params, member)
#define PROBABILITY(member, help_) \
	{ FIELD(member), .name = #member, .type = PARAM_PERCENT, .live = true, .help = (help_) }

static const struct param params[] = {
	NET_PARAM_PERCENT(NULL, "the matching packets that are lost (random)"),
	{ FIELD(model), .name = "model", .type = PARAM_ENUM, .choices = models,
	  .help = "which packets (default: what the other parameters belong to)" },
	{ FIELD(correlation_ppm), .name = "correlation", .type = PARAM_PERCENT, .def = "0%", .live = true,
	  .help = "of one packet's loss and the next one's (random)" },
	{ FIELD(nth), .name = "nth", .type = PARAM_INT, .min = 1, .max = UINT32_MAX, .live = true,
	  .help = "every nth packet is lost (nth)" },
	PROBABILITY(p, "from good to bad, per packet (gilbert-elliott)"),
	PROBABILITY(r, "from bad to good, per packet (gilbert-elliott; default 100% - p)"),
	{ FIELD(loss_bad_ppm), .name = "loss-bad", .type = PARAM_PERCENT, .def = "100%", .live = true,
	  .help = "loss while bad (gilbert-elliott)" },
	{ FIELD(loss_good_ppm), .name = "loss-good", .type = PARAM_PERCENT, .def = "0%", .live = true,
	  .help = "loss while good (gilbert-elliott)" },
	PROBABILITY(p13, "from good to a burst's loss (markov4)"),
	PROBABILITY(p31, "from a burst's loss to good (markov4; default 100% - p13)"),
	PROBABILITY(p32, "from a burst's loss to its good packets (markov4; default 0%)"),
	PROBABILITY(p23, "and back (markov4; default 100%)"),
	PROBABILITY(p14, "from good to a single loss (markov4; default 0%)"),
	NET_PARAM_DIRECTION("from"),
	{},
};
/* clang-format on */

/* The parameters that belong to one model alone, the one that it needs first. */
static const struct {
	enum fl_loss_model model;
	const char *const names[6];
} belongs[] = {
	{ FL_LOSS_RANDOM, { "percent", "correlation" } },
	{ FL_LOSS_NTH, { "nth" } },
	{ FL_LOSS_GILBERT, { "p", "r", "loss-bad", "loss-good" } },
	{ FL_LOSS_MARKOV4, { "p13", "p31", "p32", "p23", "p14" } },
};

static enum fl_loss_model model_of(const struct params *p)
{
	const struct network_loss_params *own = p->own;
	unsigned int i;

	if (own->model.set)
		return own->model.u64;
	for (i = 0; i < FL_LOSS_MARKOV4 + 1; i++)
		if (params_get(p, belongs[i].names[0])->given)
			return belongs[i].model;
	return FL_LOSS_RANDOM;
}

static __u32 ppm(struct param_optional v, __u32 otherwise)
{
	return v.set ? (__u32)v.u64 : otherwise;
}

static int compile(const struct params *p, struct fl_rule *rule, struct fl_error *err)
{
	const struct network_loss_params *own = p->own;
	__u32 good_to_bad = ppm(own->p, 0), p13 = ppm(own->p13, 0);
	int r = net_match(p, rule, err);

	rule->kind = FL_KIND_LOSS;
	rule->probability_ppm = own->net.percent_ppm;
	rule->loss = (struct fl_loss){
		.model = model_of(p),
		.nth = own->nth,
		.p_ppm = good_to_bad,
		.r_ppm = ppm(own->r, FL_PPM - good_to_bad),
		.loss_bad_ppm = own->loss_bad_ppm,
		.loss_good_ppm = own->loss_good_ppm,
		.p13_ppm = p13,
		.p31_ppm = ppm(own->p31, FL_PPM - p13),
		.p32_ppm = ppm(own->p32, 0),
		.p23_ppm = ppm(own->p23, FL_PPM),
		.p14_ppm = ppm(own->p14, 0),
		.correlation_ppm = own->correlation_ppm,
	};
	return r;
}

/* A parameter of another model would be ignored: that is an error of whoever wrote it. */
static int refuse_strangers(const struct params *p, enum fl_loss_model model, struct fl_error *err)
{
	unsigned int i, j;

	for (i = 0; i < FL_LOSS_MARKOV4 + 1; i++)
		for (j = 0; j < 6 && belongs[i].names[j]; j++)
			if (belongs[i].model != model && params_get(p, belongs[i].names[j])->given)
				return error_usage(err, "network_loss: '%s' belongs to model %s, not %s",
						   belongs[i].names[j], models[belongs[i].model], models[model]);
	return 0;
}

static int validate(const struct params *p, struct fl_error *err)
{
	const struct network_loss_params *own = p->own;
	enum fl_loss_model model = model_of(p);
	int r = net_validate(p, err);

	if (!r)
		r = refuse_strangers(p, model, err);
	if (!r && !params_has(p, belongs[model].names[0])) {
		r = error_usage(err, "network_loss: model %s needs '%s'", models[model], belongs[model].names[0]);
		error_hint(err, "for example --percent 30%%");
	}
	/* The chain leaves a state by one draw: the ways out cannot be more likely than certain. */
	if (!r && ppm(own->p13, 0) + ppm(own->p14, 0) > FL_PPM)
		r = error_usage(err, "network_loss: p13 + p14 is over 100%%");
	if (!r && ppm(own->p31, 0) + ppm(own->p32, 0) > FL_PPM)
		r = error_usage(err, "network_loss: p31 + p32 is over 100%%");
	return r;
}

const struct fault_ops fault_network_loss = {
	NET_PACKET_OPS,
	.class = FAULT_NETWORK,
	.name = "network_loss",
	.aliases = aliases,
	.summary = "Lose packets",
	.params = params,
	.supported = net_supported,
	.validate = validate,
	.arm = net_arm_plain,
	.compile = compile,
	.hints = {
		.spared = "The model lost none of them: more --percent (a smaller --nth, a likelier way "
			"into the bad state), or more traffic.",
	},
};
