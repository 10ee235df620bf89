package io.narthex.service.config;

/**
 * When a part follows the configuration: the parts of one stage have applied it before those of the
 * next are asked to.
 */
public enum ReloadStage {
  /** Addresses the server listens on, before anything is sent to them. */
  LISTENERS(0),
  /** Where samples are kept. */
  STORAGE(10),
  /** What the server scrapes of itself. */
  EXPORTERS(11),
  /** Answers to queries. */
  QUERY(20),
  /** Jobs, before their targets are found. */
  SCRAPING(30),
  /** Receivers of notifications, before anything is routed to them. */
  RECEIVERS(35),
  /** Routes and inhibitions. */
  NOTIFICATION(40),
  /** Rules, which need all of the above. */
  RULES(50),
  /** Targets, once the parts know their jobs. */
  DISCOVERY(60),
  /** Whatever needs the others to be there. */
  LAST(70);

  private final int rank;

  ReloadStage(int rank) {
    this.rank = rank;
  }

  /** Returns the stage of a part that knows only its number. */
  static ReloadStage at(int rank) {
    ReloadStage found = LISTENERS;
    for (ReloadStage stage : values()) {
      found = stage.rank <= rank ? stage : found;
    }
    return found;
  }

  int rank() {
    return rank;
  }
}
