package io.narthex.bench.push;

import java.io.IOException;

/** One of two servers that get the same requests. */
interface Side extends AutoCloseable {
  /** Returns what it is called in messages. */
  String name();

  /** Sends a request. */
  Reply send(Request request) throws IOException;

  /** Returns the pushed groups in the text format. */
  Reply exposition() throws IOException;

  /** Returns the pushed groups as JSON. */
  Reply groups() throws IOException;

  /** Stops it in an orderly way and starts it again. */
  void restart() throws IOException, InterruptedException;

  @Override
  void close();
}
