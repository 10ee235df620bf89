package io.narthex.httpclient;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.httpclient.JettyHttpTransport.Exchange;
import io.narthex.model.go.GoUrl;
import java.io.IOException;
import java.lang.reflect.Proxy;
import org.eclipse.jetty.client.InputStreamResponseListener;
import org.eclipse.jetty.client.Request;
import org.eclipse.jetty.client.Response;
import org.eclipse.jetty.http.HttpFields;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Test;

/** An exchange that fails by a fault of the client, not of the network. */
@NullUnmarked
final class FailedExchangeTest {
  private final InputStreamResponseListener listener = new InputStreamResponseListener();

  @Test
  void isAFailureOfTheConnectionAndCloses() {
    Response response = stub(Response.class);
    listener.onFailure(response, new IllegalStateException("released"));

    assertThatThrownBy(
            () -> {
              GoUrl uri = GoUrl.parse("http://127.0.0.1:9/metrics");
              try (Exchange e = new Exchange(stub(Request.class), response, listener, "GET", uri)) {
                e.body().readAllBytes();
              }
            })
        .isInstanceOf(IOException.class)
        .hasMessage("Get \"http://127.0.0.1:9/metrics\": released");
  }

  private static <T> T stub(Class<T> type) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (_, method, _) ->
                method.getReturnType() == HttpFields.class
                    ? HttpFields.EMPTY
                    : method.getReturnType() == boolean.class ? (Object) true : null));
  }
}
