/* SPDX-License-Identifier: GPL-2.0-only */
/* run_private.h - what the parts of the runner share; nobody else includes it. */
#ifndef FL_RUN_PRIVATE_H
#define FL_RUN_PRIVATE_H

#include <uv.h>

#include "run/folder/events.h"
#include "run/folder/outdir.h"
#include "run/run.h"
#include "fault/fault.h"
#include "fault/life/owner.h"
#include "policy/end.h"
#include "session/session.h"
#include "measure/metrics.h"
#include "measure/probe/probe.h"
#include "measure/visible/scope.h"
#include "measure/visible/symptom.h"
#include "serve/exporter.h"

/* The kernel ends a fault by itself this long after the runner should have. */
#define RUN_EXPIRY_MARGIN_NS (2 * NS_PER_SEC)

struct run;

/* Of a fault that touches a share of the flows, or some instances: what the meter has of both sides. */
#define SHARE_NAMES 4
struct run_share {
	uint32_t n; /* services whose flows the meter keeps apart */
	char names[SHARE_NAMES][128];
	bool instances; /* whole instances are hit, or not */
	uint32_t share_ppm;
	uint64_t ungrouped;                    /* before */
	struct meter_snapshot baseline, began; /* as the baseline, and as the fault began */
};

/* One fault of the experiment under way. */
struct run_fault {
	struct run *run;
	const struct fault_plan *plan;
	struct fault fault;
	struct fault_proof proof;   /* as last read */
	struct fault_proof earlier; /* what it had done before this turn */
	bool owned;                 /* the owner looks after it */
	bool begun, ended;          /* it has been told to be on, off */
	double on_wall_s, off_wall_s;
	struct offload_job on, tell, off;
	struct fl_error error;     /* of these two */
	json_t *overlaps, *spared; /* what there is to tell once it is on */
	struct run_share share;
};

/* Why the fault window ended. */
enum rollback_cause { BY_DURATION, BY_TRIGGER, BY_ABORT, BY_SIGNAL, BY_FAILURE };

/* The experiment under way. Times on CLOCK_MONOTONIC in ns, 0: not yet. */
struct turn {
	const struct experiment *x;
	uint32_t index;
	struct run_fault *faults;
	uint32_t n_faults;
	struct result result;
	uint64_t baseline_ns, inject_ns, end_ns, window_end_ns, recovered_ns;
	bool stage_forced;
	bool without_fault;    /* a trial of size 0: everything but the fault */
	bool faults_ready;     /* armed, or given up; disarmed */
	bool on_failed;        /* one could not be switched on */
	bool resolved;         /* or it cannot be */
	bool asked, scored;    /* the last questions to the pipeline: put, answered */
	bool refuted;          /* the hypothesis */
	bool when_holds;       /* run_begin.c */
	uint64_t ready_ns;     /* since when only `when` is waited for */
	const char *waits_for; /* "after", "when": said already */
	bool saved;            /* the result, or it cannot be */
	enum rollback_cause cause;
	char cause_text[256];
	uint64_t breach_ns;                         /* when the breach was seen */
	uint32_t polls, polls_failed, polls_unread; /* unread: answered, and not understood */
	struct meter_snapshot before;               /* as the baseline began */
	json_t *unseen;        /* what the baseline told of faults that nobody would notice; NULL: nothing */
	json_t *effects;       /* of faults on a share of the flows: treated against control; NULL: there is none */
	json_t *rca;           /* what was said of each cluster */
	struct fl_error error; /* what made it fail */
};

/* A question to the pipeline, on a thread; one of each kind at a time. */
struct job {
	struct loop_work work; /* first */
	struct run *run;
	bool busy;
};

/* The kernel's meter; without one, @meter is NULL and @off says why. */
struct run_kernel {
	char **specs; /* what is to be measured; the names are the suite's */
	char *off;
	struct meter *meter;
	struct meter_snapshot last;
	struct series *series; /* from the turn's beginning on */
	struct symptom_watch *watches;
	uint32_t n_watches, readings_lost;
	uint64_t watched_since_ns;
	struct offload_job find_job; /* where the services are now */
	struct fleet *found;
	bool find_again;
	uv_timer_t timer;
	uv_poll_t poll; /* of the meter's events */
	bool polling;
	struct exporter *exporter; /* NULL: nobody asked for /metrics */
};

struct run {
	const struct suite *suite;
	const struct run_options *options;
	struct outdir out;
	struct events *events;
	struct session *session;
	struct owner *owner; /* of the armed faults: heartbeat, periodic work, orders from outside */
	uv_loop_t loop;
	uv_timer_t beat, second, due;
	uv_signal_t sigint, sigterm;
	struct probe *probe; /* NULL: the suite has none */
	uint64_t probe_since_ns;
	struct metrics *metrics;
	struct run_kernel kernel;
	enum run_state state;
	uint64_t state_ns; /* since when */
	double begun_s;    /* epoch seconds: when the run began */
	uint64_t seed;     /* the faults' seeds are made from it and their number */
	uint32_t next;     /* index of the next experiment */
	uint32_t total, count;
	struct turn turn;
	struct run_trial trial;    /* the turn's, where the run has trials */
	struct experiment trial_x; /* its experiment under the trial's own id */
	struct run_fault *kept;    /* armed, from one trial to the next of the same experiment */
	uint32_t n_kept;
	int kept_number; /* that experiment's */
	struct result *results;
	uint32_t n_results;
	bool aborting;              /* by a signal */
	struct ended ended;         /* who sent it, as far as was said; or what the gate said */
	bool pipeline_dead;         /* at the last question nobody took the connection */
	bool injected;              /* some fault was on */
	struct fl_error dead_error; /* what was said of it */
	bool by_gate;               /* no signal: the host was halted, or a forbidden window has begun */
	bool forced;                /* by a second one: wait for nothing but the undoing */
	bool stopping;              /* an experiment did not recover, or there is no steady state */
	bool closing;
	json_t *graph;                /* who calls whom, of what was measured; only where the suite has none */
	json_t *baseline;             /* baseline.json: a window an experiment */
	struct offload_job fault_job; /* the step that all faults of the turn take */
	struct offload_job state_job; /* of RESOLVE, of SCORE */
	struct job alerts_job, score_job;
	struct alerts polled; /* what the alerts job brought */
	double poll_since_s;
	int poll_rc;
	struct fl_error poll_error, fault_error;
	int fault_rc;
	struct fl_error error; /* of the run itself */
};

/* run_states.c: go to a state; the transition must be in the table. */
void run_enter(struct run *r, enum run_state to);
/* Look whether the state is over; called by every timer. */
void run_tick(struct run *r);
/* Every fault is off, its end and proofs are known: close the fault window. */
void run_window_over(struct run *r);
/* A signal asks for the end. */
void run_abort(struct run *r);
/* The gate does (owner_on_gate). */
void run_gate_closed(void *run, const struct ended *why);
/* run.c: close every handle, so that the loop ends. */
void run_close(struct run *r);
void run_report_progress(struct run *r, bool changed, const char *note);

/* run_faults.c */
/* How many containers of a set an experiment hits: as many as it says, one in the stages that are
 * for one; the same ones for all of its faults. */
struct target_pick run_pick(const struct experiment *x, uint64_t seed);
int run_faults_prepare(struct run *r, struct turn *t, struct fl_error *err);
void run_faults_arm(struct run *r);                /* calls run_tick() when done */
void run_faults_step(struct run *r, uint64_t now); /* switch on and off what is due */
uint64_t run_faults_due(const struct turn *t);     /* the next moment for run_faults_step() */
void run_faults_read(struct turn *t);              /* the proofs, as of the last second */
/* All off, then run_window_over() if they were on, then all disarmed; calls run_tick() when done. */
void run_faults_end(struct run *r);
void run_faults_changed(void *run, const struct fault *f, const json_t *change); /* a changes_fn */
void run_faults_free(struct turn *t);
void run_faults_release(struct run_fault *v, uint32_t n);

/* run_trials.c: one experiment again and again, its faults armed once */
bool run_trial_next(struct run *r);           /* take the next one as the turn; false: there is none */
void run_trial_keep(struct run *r);           /* the turn is over: its armed faults are kept */
bool run_trial_may_keep(const struct run *r); /* the window is over: is there anything against it? */
void run_trial_begin(struct run *r);          /* on the loop: kept faults of another experiment are nobody's any more */
int run_trial_faults(struct run *r, struct fl_error *err);                        /* a job's: those, or new ones */
int run_trial_set_size(struct run *r, struct run_fault *f, struct fl_error *err); /* a job's */
int run_trial_taken(struct run *r, struct fl_error *err);                         /* a job's: its result is known */
void run_trial_drop(struct run *r); /* the last one is over: disarm what is kept */

/* run_pipeline.c */
void run_poll_alerts(struct run *r); /* GET /alerts in the background */
void run_ask_causes(struct run *r);  /* last alerts, /correlate and /rca in the background */

/* run_begin.c */
enum run_begin { RUN_BEGIN_NOW, RUN_BEGIN_WAIT, RUN_BEGIN_NEVER };

int run_begin_check(const struct run *r, const struct turn *t, struct fl_error *err); /* -EPERM: never, said in err */
void run_begin_watch(struct run *r);         /* does `when` hold? Every second, and at every try of the probe */
enum run_begin run_may_begin(struct run *r); /* the baseline is over; never: the turn is skipped, and says why */

/* run_watch.c */
bool run_is_steady(struct run *r, uint64_t from_ns); /* a full window since @from_ns */
void run_watch(struct run *r);                       /* trigger_when and abort_conditions; may begin the rollback */
int run_other_metric(void *ctx, const struct metric_source *source, const struct expr_clause *clause, double *ret);

/* run_kernel.c */
int run_kernel_open(struct run *r, struct fl_error *err); /* no meter here is no error */
void run_kernel_close(struct run *r);                     /* what the loop has of it */
void run_kernel_free(struct run *r);                      /* the rest, which takes long, when the loop has ended */
void run_kernel_turn(struct run *r);                      /* an experiment begins */
void run_kernel_refresh(struct run *r);                   /* a target has new interfaces: find them, soon */
void run_kernel_read(struct run *r);                      /* now: a window begins or ends */
void run_kernel_inject(struct run *r);                    /* the baseline is over: watch for what leaves it */
/* On what the faults of the turn can show, not before @from_ns (CLOCK_MONOTONIC). */
bool run_kernel_symptom(const struct run *r, uint64_t from_ns, const struct symptom_watch **ret_watch,
			struct symptom *ret);

/* run_unseen.c: the baseline begins; it is over, and what of the faults would not be seen is said. */
void run_unseen_begin(struct run *r);
void run_unseen_look(struct run *r);

/* run_share.c: the baseline begins; a fault is on; it is off, and its effect into turn.effects. */
void run_share_begin(struct run *r);
void run_share_on(struct run *r, struct run_fault *f);
void run_share_off(struct run *r, struct run_fault *f);
void run_share_end(struct run *r); /* the turn is over, maybe before it was off */
void run_share_free(struct run_share *s);

/* run_kernel_result.c; new references */
/* Who the turn's targets are among the measured services, and what belongs to the suite. */
int run_scope(const struct run *r, const struct turn *t, struct scope *ret);
/* The measured graph of the suite, with what this turn saw, into run.json; the suite's own stands. */
void run_note_graph(struct run *r, const struct turn *t);
json_t *run_anomaly_json(const struct run *r, const struct turn *t); /* null: nothing was measured */
json_t *run_kernel_json(const struct run *r, const struct turn *t);
json_t *run_moments_json(const struct run *r, const struct turn *t);

/* run_result.c */
const char *run_cause_text(enum rollback_cause cause);
/* Did every one of its faults hit? Half a combination is another experiment. */
bool run_has_hits(const struct turn *t);
int run_result_begin(struct run *r, struct turn *t, struct fl_error *err);      /* written ahead; a job's */
int run_result_finish(struct run *r, struct turn *t, struct fl_error *err);     /* on the loop */
int run_result_save(struct run *r, const struct turn *t, struct fl_error *err); /* a job's */

/* run_felt.c: did users feel it? Into the result's detail. */
void run_add_felt(const struct run *r, struct turn *t);

/* Metrics that are answers, not samples, into the result's detail; after its causes are known. */
void run_add_answers(const struct run *r, struct turn *t);

/* The value of such a metric from the injection to @to_ns, for a clause of the hypothesis. -ENODATA: it is another one. */
int run_answer(const struct run *r, const struct turn *t, const char *name, const struct expr_clause *c, uint64_t to_ns,
	       double *ret);
/* Alerts since the injection of the level that @c names, or all. */
double run_alerts(const struct turn *t, const struct expr_clause *c);

/* Requests at the target from injection to @to_ns beyond what came before it in as much time. -ENODATA. */
int run_retries(const struct run *r, const struct turn *t, uint64_t to_ns, double *ret);

#endif
