package io.narthex.itests;

import java.util.ArrayList;
import java.util.List;

/**
 * Texts that would run a script if a page took them for more than text. Each sets {@code
 * window.hit}, so that a test sees it.
 */
final class HostileTexts {
  private static final List<String> FORMS =
      List.of(
          "<script>HIT</script>",
          "<script src=data:text/javascript,HIT></script>",
          "<img src=x onerror=\"HIT\">",
          "<img src=x onerror=HIT//",
          "<svg onload=\"HIT\"></svg>",
          "<svg><script>HIT</script></svg>",
          "<svg><animate onbegin=HIT attributeName=x dur=1s>",
          "<svg><a xlink:href=\"javascript:HIT\"><text y=20>x</text></a></svg>",
          "<svg><use href=\"data:image/svg+xml,<svg id='x' onload='HIT'/>#x\"/></svg>",
          "<iframe src=\"javascript:HIT\"></iframe>",
          "<iframe srcdoc=\"<script>parent.HIT</script>\"></iframe>",
          "<object data=\"javascript:HIT\"></object>",
          "<embed src=\"javascript:HIT\">",
          "<body onload=HIT>",
          "<details open ontoggle=HIT>",
          "<video><source onerror=HIT></video>",
          "<audio src=x onerror=HIT>",
          "<input autofocus onfocus=HIT>",
          "<select autofocus onfocus=HIT>",
          "<textarea autofocus onfocus=HIT>",
          "<marquee onstart=HIT>",
          "<math><mtext><img src=x onerror=HIT></mtext></math>",
          "<style>@import 'javascript:HIT';</style>",
          "<link rel=stylesheet href=\"javascript:HIT\">",
          "<meta http-equiv=refresh content=\"0;url=javascript:HIT\">",
          "<base href=\"javascript:HIT//\">",
          "<form action=\"javascript:HIT\"><button>x</button></form>",
          "<button formaction=\"javascript:HIT\">x</button>",
          "<a href=\"javascript:HIT\">x</a>",
          "<a href=\"&#106;avascript:HIT\">x</a>",
          "<a href=\"java\tscript:HIT\">x</a>",
          "<template><script>HIT</script></template>",
          "<noscript><p title=\"</noscript><img src=x onerror=HIT>\">",
          "<x onclick=HIT>x</x>",
          "<div style=\"background:url(javascript:HIT)\">",
          "\"><script>HIT</script>",
          "'><img src=x onerror=HIT>",
          "--><script>HIT</script>",
          "]]><script>HIT</script>",
          "</title><script>HIT</script>",
          "</textarea><script>HIT</script>",
          "</style><script>HIT</script>",
          "\" onmouseover=\"HIT\" x=\"",
          "' autofocus onfocus='HIT' x='",
          "javascript:HIT",
          "JaVaScRiPt:HIT",
          "\u0001javascript:HIT",
          "java\nscript:HIT",
          "data:text/html,<script>HIT</script>",
          "vbscript:HIT",
          "{{constructor.constructor('HIT')()}}",
          "${HIT}",
          "`${HIT}`",
          "#{HIT}",
          "<%= HIT %>",
          "[x](javascript:HIT)",
          "![x](javascript:HIT)",
          "[x](data:text/html;base64,PHNjcmlwdD5wYXJlbnQuaGl0PTE8L3NjcmlwdD4= 'HIT')",
          "<javascript:HIT>",
          "[x]: javascript:HIT",
          "&lt;script&gt;HIT&lt;/script&gt;",
          "%3Cscript%3EHIT%3C/script%3E",
          "\\u003cscript\\u003eHIT\\u003c/script\\u003e",
          "<scr<script>ipt>HIT</scr</script>ipt>",
          "<img/src=x/onerror=HIT>",
          "<IMG SRC=x ONERROR=HIT>",
          "\u202e<script>HIT</script>");

  private HostileTexts() {}

  /** Returns 200 different texts; number N sets {@code window.hit} to N. */
  static List<String> all() {
    List<String> texts = new ArrayList<>();
    for (int round = 0; texts.size() < 200; round++) {
      for (String form : FORMS) {
        String text = form.replace("HIT", "window.hit=" + (texts.size() + 1));
        texts.add(
            switch (round) {
              case 0 -> text;
              case 1 -> "a " + text + " b";
              default -> text + text.replace('"', '\'');
            });
        if (texts.size() == 200) {
          break;
        }
      }
    }
    return texts;
  }
}
