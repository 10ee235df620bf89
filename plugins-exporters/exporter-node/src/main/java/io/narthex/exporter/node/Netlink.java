package io.narthex.exporter.node;

import java.io.IOException;
import java.nio.ByteBuffer;

/** Asks the kernel through a netlink socket. */
interface Netlink {
  /** Devices, neighbours, queues. */
  int ROUTE = 0;

  /** Sockets. */
  int SOCK_DIAG = 4;

  /** Takes the messages of an answer. */
  @FunctionalInterface
  interface Reader {
    /**
     * Takes one message.
     *
     * @param body what follows its header, in the byte order of the host; valid during the call
     */
    void message(ByteBuffer body) throws IOException;
  }

  /**
   * Asks for all objects of a kind.
   *
   * @param protocol {@link #ROUTE} or {@link #SOCK_DIAG}
   * @param type number of the request
   * @param body what follows its header
   * @throws IOException when the kernel refuses, or does not answer in time
   */
  void dump(int protocol, int type, byte[] body, Reader reader) throws IOException;
}
