package io.narthex.service.config;

/**
 * When a part applies the configuration: all parts of a stage have applied it before those of the
 * next stage are called.
 */
public enum ReloadStage {
  /** Listen addresses, before anything is sent to them. */
  LISTENERS(0),
  /** Storage. */
  STORAGE(10),
  /** Exporters, which the server scrapes in process. */
  EXPORTERS(11),
  /** Query engine. */
  QUERY(20),
  /** Scrape jobs, before their targets are discovered. */
  SCRAPING(30),
  /** Notifiers, before anything is routed to them. */
  RECEIVERS(35),
  /** Routes and inhibition rules. */
  NOTIFICATION(40),
  /** Rules, which need all stages above. */
  RULES(50),
  /** Discoveries, when the parts know their jobs. */
  DISCOVERY(60),
  /** Everything that needs all other parts. */
  LAST(70);

  private final int rank;

  ReloadStage(int rank) {
    this.rank = rank;
  }

  /** Returns the stage of a part that has only a number. */
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
