/** A button with something that opens below it; Esc, a click elsewhere and leaving it close it. */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

interface Props {
  /** Name of the button. */
  readonly label: string;
  readonly text: ComponentChildren;
  readonly class?: string;
  readonly right?: boolean;
  readonly testid?: string;
  readonly data?: Record<string, string>;
  readonly onClose?: () => void;
  readonly children: (close: () => void) => ComponentChildren;
}

export function Popover({ label, text, class: name = '', right, testid, data, onClose, children }: Props) {
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLSpanElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const closed = useRef(onClose);
  closed.current = onClose;
  const close = () => {
    setOpen(false);
    closed.current?.();
  };
  useEffect(() => {
    if (!open) return undefined;
    const away = (e: Event) => {
      if (e.target instanceof Node && !box.current?.contains(e.target)) close();
    };
    const key = (e: KeyboardEvent) => {
      if (e.key !== 'Escape') return;
      e.stopPropagation();
      close();
      button.current?.focus();
    };
    document.addEventListener('pointerdown', away, true);
    document.addEventListener('focusin', away);
    document.addEventListener('keydown', key, true);
    box.current?.querySelector<HTMLElement>('[data-first]')?.focus();
    return () => {
      document.removeEventListener('pointerdown', away, true);
      document.removeEventListener('focusin', away);
      document.removeEventListener('keydown', key, true);
    };
  }, [open]);
  return (
    <span class={`dpop ${name}`} ref={box}>
      <button
        ref={button}
        type="button"
        class="small quiet"
        aria-label={label}
        title={label}
        aria-expanded={open}
        {...(testid === undefined ? {} : { 'data-testid': testid })}
        {...(data ?? {})}
        onClick={() => (open ? close() : setOpen(true))}
      >
        {text}
      </button>
      {open && <div class={`dpopup ${right ? 'right' : ''}`}>{children(close)}</div>}
    </span>
  );
}
