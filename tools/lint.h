/* SPDX-License-Identifier: GPL-2.0-only */
/* lint.h - the libraries' macros as cppcheck can read them; lint.sh includes it, nothing else. */
#define LIBBPF_OPTS(type, name, ...) struct type name = { 0 }
#define json_object_foreach(o, k, v) for (k = 0; (v = json_object_get(o, k)); k++)
#define json_array_foreach(a, i, v)  for (i = 0; (v = json_array_get(a, i)); i++)
#define LIST_HEAD(name, type)          \
	struct name {                  \
		struct type *lh_first; \
	}
#define LIST_FOREACH(var, head, field) for (var = (head)->lh_first; var; var = var->field.le_next)
#define STAILQ_ENTRY(type)              \
	struct {                        \
		struct type *stqe_next; \
	}
#define STAILQ_HEAD(name, type)          \
	struct {                         \
		struct type *stqh_first; \
	}
