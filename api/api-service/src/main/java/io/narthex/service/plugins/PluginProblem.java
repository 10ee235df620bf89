package io.narthex.service.plugins;

/**
 * The kind of a problem with a plugin. Code decides by it, never by the message, which is for
 * people and may be reworded at any time.
 */
public enum PluginProblem {
  /** The order cannot be carried out. */
  REFUSED(Blame.USER),
  /** The jar was replaced while it was being read; the next one is on its way. */
  CHANGED(Blame.USER),
  /** Another plugin serves the same; gone when that one is. */
  TAKEN(Blame.USER),
  /** The blocks of the configuration do not fit it. */
  SETTINGS(Blame.CONFIGURATION),
  /** A package, or the version of Java, that it needs is absent. */
  NEEDS(Blame.PLUGIN),
  /** It is not what a plugin must be, or its self-test says no. */
  INVALID(Blame.PLUGIN),
  /** Its code threw, or did not return in time; another try may succeed. */
  CRASHED(Blame.PLUGIN),
  /** The server could not do its part, for example for want of space on the disk. */
  SERVER(Blame.SERVER),
  /** The end of the server cut it off. */
  STOPPING(Blame.SERVER);

  private final Blame blame;

  PluginProblem(Blame blame) {
    this.blame = blame;
  }

  /** Returns who can do something about it. */
  public Blame blame() {
    return blame;
  }
}
