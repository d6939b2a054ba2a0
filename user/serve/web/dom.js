// Elements out of text. Names of services, paths and messages are foreign: they become text nodes and attribute values,
// and nothing here ever reads markup.
export function h(name, attributes, ...children) {
	const e = document.createElement(name);
	for (const [key, value] of Object.entries(attributes || {})) {
		if (key === 'onclick' || key === 'onsubmit' || key === 'oninput' || key === 'onchange')
			e.addEventListener(key.slice(2), value);
		else if (value === true)
			e.setAttribute(key, '');
		else if (value !== false && value !== null && value !== undefined)
			e.setAttribute(key, String(value));
	}
	e.append(...children.flat().filter((c) => c !== null && c !== undefined));
	return e;
}

export function svg(name, attributes, ...children) {
	const e = document.createElementNS('http://www.w3.org/2000/svg', name);
	for (const [key, value] of Object.entries(attributes || {}))
		e.setAttribute(key, String(value));
	e.append(...children);
	return e;
}

// What went wrong, in the server's words.
export function problem(error) {
	const box = h('div', { class: 'problem', role: 'alert' }, h('div', {}, error.message || String(error)));
	if (error.hint)
		box.append(h('div', { class: 'hint' }, error.hint));
	return box;
}

// Runs an action of a button: not twice at a time, and what it says goes to `out`.
export async function act(button, out, action) {
	button.disabled = true;
	out.replaceChildren();
	try {
		await action();
	} catch (error) {
		out.replaceChildren(problem(error));
	} finally {
		button.disabled = false;
	}
}

export function table(head, rows) {
	return h('div', { class: 'scroll' }, h('table', {},
		h('thead', {}, h('tr', {}, head.map((t) => h('th', { scope: 'col' }, t)))),
		h('tbody', {}, rows)));
}

// In the reader's zone, with UTC for who hovers or listens.
export function when(seconds) {
	const d = new Date(seconds * 1000);
	return h('time', { datetime: d.toISOString(), title: d.toISOString() }, d.toLocaleString());
}
