package io.narthex.exporter.node;

import java.io.IOException;

/** The host does not have what a collector looks for. */
final class NoData extends IOException {
  private static final long serialVersionUID = 1;

  NoData(String message) {
    super(message);
  }
}
