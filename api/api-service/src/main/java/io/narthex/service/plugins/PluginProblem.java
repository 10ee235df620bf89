package io.narthex.service.plugins;

/**
 * The kind of a problem with a plugin. Code decides by it, never by the message, which is for users
 * and may be reworded at any time.
 */
public enum PluginProblem {
  /** The requested change is not possible. */
  REFUSED(Blame.USER),
  /** The jar was replaced while it was being read; the new one is read next. */
  CHANGED(Blame.USER),
  /** Another plugin provides the same type; resolved when that one is removed. */
  TAKEN(Blame.USER),
  /** The configuration blocks do not fit its settings. */
  SETTINGS(Blame.CONFIGURATION),
  /** A package or Java version that it needs is absent. */
  NEEDS(Blame.PLUGIN),
  /** It is not a valid plugin, or its self-test failed. */
  INVALID(Blame.PLUGIN),
  /** Its code threw or did not return in time; another attempt may succeed. */
  CRASHED(Blame.PLUGIN),
  /** The server failed, for example because the disk is full. */
  SERVER(Blame.SERVER),
  /** The shutdown of the server interrupted it. */
  STOPPING(Blame.SERVER);

  private final Blame blame;

  PluginProblem(Blame blame) {
    this.blame = blame;
  }

  /** Returns who can fix it. */
  public Blame blame() {
    return blame;
  }
}
