package io.narthex.httpclient;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.httpclient.PlainConnections.Address;
import io.narthex.httpclient.PlainConnections.Connection;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(OnVirtualThread.class)
class PlainConnectionsTest {
  private static final long SOON = TimeUnit.DAYS.toNanos(1);

  private final AtomicLong now = new AtomicLong();
  private final List<InetSocketAddress> named = new ArrayList<>();
  private final PlainConnections pool = new PlainConnections((_, _) -> named, now::get);
  private ServerSocket server;
  private Address address;

  @BeforeEach
  void listen() throws IOException {
    server = new ServerSocket(0, 500, InetAddress.getLoopbackAddress());
    address = new Address("127.0.0.1", server.getLocalPort());
  }

  @AfterEach
  void end() throws IOException {
    pool.close();
    server.close();
  }

  @Test
  void theConnectionUsedLastIsUsedAgain() throws Exception {
    Connection a = pool.take(address, SOON);
    Connection b = pool.take(address, SOON);
    assertThat(a.isUsed()).isFalse();
    pool.give(a);
    pool.give(b);
    assertThat(pool.take(address, SOON)).isSameAs(b);
    assertThat(b.isUsed()).isTrue();
    assertThat(pool.take(new Address("127.0.0.1", server.getLocalPort()), SOON)).isSameAs(a);
    assertThat(pool.take(address, SOON)).isNotIn(a, b);
  }

  @Test
  void connectionsThatNobodyUsesAreClosed() throws Exception {
    Connection a = pool.take(address, SOON);
    Connection b = pool.take(address, SOON);
    pool.give(a);
    now.addAndGet(TimeUnit.MINUTES.toNanos(3));
    pool.give(b);
    assertThat(pool.closeUnused()).isTrue();
    assertThat(pool.waiting()).isEqualTo(2);
    now.addAndGet(TimeUnit.MINUTES.toNanos(3));
    assertThat(pool.closeUnused()).isTrue();
    assertThat(pool.waiting()).isEqualTo(1);
    assertThatThrownBy(() -> a.out.write(1)).isInstanceOf(IOException.class);
    b.out.write(1);
    now.addAndGet(TimeUnit.MINUTES.toNanos(3));
    assertThat(pool.closeUnused()).as("nothing is left to look after").isFalse();
    assertThat(pool.waiting()).isZero();
  }

  @Test
  void whatAServerSendsUnaskedIsNoResponse() throws Exception {
    Connection kept = pool.take(address, SOON);
    try (Socket peer = server.accept()) {
      pool.give(kept);
      assertThat(pool.take(address, SOON)).isSameAs(kept);
      pool.give(kept);
      peer.getOutputStream().write("HTTP/1.1 408 Request Timeout".getBytes(US_ASCII));
      while (kept.in.available() == 0) {
        Thread.onSpinWait();
      }
      assertThat(pool.take(address, SOON)).isNotSameAs(kept);
      assertThatThrownBy(() -> kept.out.write(1)).isInstanceOf(IOException.class);
    }
  }

  @Test
  void onlySoManyWait() throws Exception {
    List<Connection> all = new ArrayList<>();
    for (int i = 0; i < 300; i++) {
      all.add(pool.take(address, SOON));
    }
    all.forEach(pool::give);
    assertThat(pool.waiting()).isEqualTo(256);
    pool.forget(address);
    assertThat(pool.waiting()).isZero();
    pool.close();
    Connection late = pool.take(address, SOON);
    pool.give(late);
    assertThat(pool.waiting()).as("closed").isZero();
  }

  @Test
  void takesTheFirstAddressThatAnswers() throws Exception {
    int dead;
    try (ServerSocket s = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      dead = s.getLocalPort();
    }
    named.add(new InetSocketAddress(InetAddress.getLoopbackAddress(), dead));
    Address host = new Address("host", 80);
    assertThatThrownBy(() -> pool.take(host, SOON)).hasMessageContaining("refused");
    named.add(new InetSocketAddress(InetAddress.getLoopbackAddress(), server.getLocalPort()));
    pool.take(host, SOON).close();
    named.clear();
    assertThatThrownBy(() -> pool.take(host, SOON)).isInstanceOf(UnknownHostException.class);
    now.set(SOON);
    assertThatThrownBy(() -> pool.take(address, SOON)).hasMessage("no time is left");
  }
}
