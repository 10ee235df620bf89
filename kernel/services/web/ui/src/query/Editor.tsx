import {
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  closeCompletion,
  selectedCompletion,
} from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap, insertNewlineAndIndent } from '@codemirror/commands';
import { bracketMatching, HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import { lintKeymap } from '@codemirror/lint';
import { EditorState, Prec } from '@codemirror/state';
import { EditorView, keymap, placeholder } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import { PromQLExtension } from '@prometheus-io/codemirror-promql';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { BASE } from '../lib/base';

const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword, tags.modifier], color: 'var(--syn-keyword)', fontWeight: '600' },
  { tag: [tags.function(tags.variableName), tags.name], color: 'var(--syn-function)' },
  { tag: tags.labelName, color: 'var(--syn-label)' },
  { tag: tags.string, color: 'var(--syn-string)' },
  { tag: tags.number, color: 'var(--syn-number)' },
  { tag: tags.comment, color: 'var(--text-2)', fontStyle: 'italic' },
  { tag: tags.variableName, color: 'var(--text)' },
  { tag: tags.invalid, color: 'var(--bad)' },
]);

const look = EditorView.theme({
  '&': { fontSize: '14px', backgroundColor: 'transparent' },
  '&.cm-focused': { outline: 'none' },
  '.cm-content': { fontFamily: 'var(--mono)', padding: '8px 0', caretColor: 'var(--text)' },
  '.cm-line': { padding: '0 4px' },
  '.cm-scroller': { lineHeight: '20px', overflowX: 'auto' },
  '.cm-placeholder': { color: 'var(--text-2)' },
  '.cm-matchingBracket, &.cm-focused .cm-matchingBracket': { backgroundColor: 'var(--select)', outline: 'none' },
  '.cm-tooltip': {
    backgroundColor: 'var(--surface)',
    color: 'var(--text)',
    border: '1px solid var(--line-strong)',
    borderRadius: '6px',
    boxShadow: '0 4px 16px rgb(0 0 0 / 0.2)',
    overflow: 'hidden',
  },
  '.cm-tooltip.cm-tooltip-autocomplete > ul': {
    fontFamily: 'var(--mono)',
    fontSize: '13px',
    maxHeight: '320px',
    maxWidth: 'min(640px, 92vw)',
  },
  '.cm-tooltip.cm-tooltip-autocomplete > ul > li': { padding: '4px 8px' },
  '.cm-tooltip-autocomplete ul li[aria-selected]': { backgroundColor: 'var(--select)', color: 'var(--text)' },
  '.cm-completionMatchedText': { textDecoration: 'none', fontWeight: '700', color: 'var(--link)' },
  '.cm-completionDetail': { color: 'var(--text-2)', fontStyle: 'normal', marginLeft: '12px' },
  '.cm-completionIcon': { display: 'none' },
  '.cm-tooltip.cm-completionInfo': { padding: '8px 12px', maxWidth: '360px', fontFamily: 'var(--sans)' },
  '.cm-diagnostic': { fontFamily: 'var(--sans)', padding: '4px 8px' },
  '.cm-diagnostic-error': { borderLeft: '3px solid var(--bad)' },
  '.cm-lintRange-error': { backgroundImage: 'none', textDecoration: 'underline wavy var(--bad)' },
  '.cm-lintRange-warning': { backgroundImage: 'none', textDecoration: 'underline wavy var(--warn)' },
});

/** Whether the selected completion is already typed, so that Enter runs the query. */
function typedInFull(view: EditorView): boolean {
  const offered = selectedCompletion(view.state)?.label;
  if (offered === undefined) return false;
  const to = view.state.selection.main.head;
  const before = view.state.sliceDoc(Math.max(0, to - offered.length - 1), to);
  return before.endsWith(offered) && !/[\w:]/.test(before.slice(0, -offered.length));
}

interface Props {
  readonly value: string;
  readonly onChange: (text: string) => void;
  readonly onRun: (text: string) => void;
  readonly focus: boolean;
  readonly first: boolean;
}

/** The PromQL editor: colours, completion from this server, checks while typing. */
export function Editor({ value, onChange, onRun, focus, first }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const latest = useRef({ onChange, onRun });
  latest.current = { onChange, onRun };

  useEffect(() => {
    if (!host.current) return undefined;
    const promql = new PromQLExtension()
      .activateLinter(true)
      .setComplete({ remote: { url: BASE.replace(/\/$/, ''), httpMethod: 'GET', httpErrorHandler: () => undefined } });
    const run = () => {
      latest.current.onRun(view.current?.state.doc.toString() ?? '');
      return true;
    };
    const editor = new EditorView({
      parent: host.current,
      state: EditorState.create({
        doc: value,
        extensions: [
          history(),
          bracketMatching(),
          closeBrackets(),
          Prec.highest(
            keymap.of([{ key: 'Enter', run: (v) => (typedInFull(v) ? (closeCompletion(v), run()) : false) }]),
          ),
          autocompletion({ closeOnBlur: true }),
          syntaxHighlighting(colours),
          look,
          promql.asExtension(),
          EditorView.lineWrapping,
          placeholder('Expression: metric, function, or / from anywhere'),
          EditorView.contentAttributes.of({
            'aria-label': 'PromQL expression',
            'data-testid': 'query-input',
            ...(first ? { 'data-slash': '' } : {}),
            spellcheck: 'false',
            autocapitalize: 'off',
          }),
          keymap.of(closeBracketsKeymap),
          Prec.high(
            keymap.of([
              { key: 'Enter', run },
              { key: 'Mod-Enter', run },
              { key: 'Shift-Enter', run: insertNewlineAndIndent },
              { key: 'Escape', run: (v) => (v.contentDOM.blur(), true) },
            ]),
          ),
          keymap.of([...defaultKeymap, ...historyKeymap, ...lintKeymap]),
          EditorView.updateListener.of((u) => u.docChanged && latest.current.onChange(u.state.doc.toString())),
        ],
      }),
    });
    view.current = editor;
    if (focus) {
      editor.focus();
      editor.dispatch({ selection: { anchor: editor.state.doc.length } });
    }
    return () => {
      editor.destroy();
      promql.destroy();
    };
  }, []);

  // Synchronously with the render: later it would undo what was typed meanwhile.
  useLayoutEffect(() => {
    const v = view.current;
    if (v && v.state.doc.toString() !== value) {
      v.dispatch({ changes: { from: 0, to: v.state.doc.length, insert: value }, selection: { anchor: value.length } });
    }
  }, [value]);

  return <div class="editor" ref={host} />;
}
