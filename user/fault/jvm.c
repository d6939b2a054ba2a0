// SPDX-License-Identifier: GPL-2.0-only
/*
 * jvm.c - jvm_exception: throw an exception inside a Java virtual machine.
 *
 * The kernel cannot do that: it takes a rule in the JVM's own bytecode agent (Byteman), and
 * faultline installs nothing in a target. So it is listed as unsupported, with that reason, until
 * a target brings the agent; `syscall_error` and `crash` are what the kernel can do to a JVM.
 */
#include <errno.h>

#include "fault/fault.h"
#include "util/text.h"

#define REASON "no Byteman agent installed in the target"

static const struct param params[] = {
	{ .name = "class", .type = PARAM_STRING, .def = "!", .help = "fully qualified class" },
	{ .name = "method", .type = PARAM_STRING, .def = "!", .help = "method that throws" },
	{ .name = "exception", .type = PARAM_STRING, .def = "java.lang.RuntimeException",
	  .help = "what it throws" },
	{}
};

static void supported(struct fault_support *ret)
{
	*ret = (struct fault_support){ .supported = false, .backend = "byteman" };
	text_copy(ret->reason, sizeof(ret->reason), REASON);
}

static int arm(struct fault *f, struct fl_error *err)
{
	error_env(err, ENOTSUP, "jvm_exception on %s: " REASON, f->targets[0].name);
	error_hint(err, "crash, syscall_error and http_error need no agent");
	return -ENOTSUP;
}

/* It is never armed. */
static int activate(struct fault *f, bool on, struct fl_error *err)
{
	(void)on;
	return arm(f, err);
}

static int proof(struct fault *f, struct fault_proof *ret, struct fl_error *err)
{
	(void)f;
	(void)err;
	*ret = (struct fault_proof){};
	return 0;
}

static int disarm(struct fault *f, struct fl_error *err)
{
	(void)f;
	(void)err;
	return 0;
}

const struct fault_ops fault_jvm_exception = {
	.name = "jvm_exception",
	.summary = "Throw an exception in a method of a JVM (needs a Byteman agent in it)",
	.class = FAULT_APPLICATION,
	.params = params,
	.need_process = true,
	.supported = supported,
	.arm = arm,
	.activate = activate,
	.proof = proof,
	.disarm = disarm,
};
