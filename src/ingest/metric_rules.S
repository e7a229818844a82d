/* The text of metric_rules.txt, as driftcast_metric_rules .. driftcast_metric_rules_end. */
        .section .rodata
        .global driftcast_metric_rules
        .global driftcast_metric_rules_end
driftcast_metric_rules:
        .incbin DRIFTCAST_METRIC_RULES_FILE
driftcast_metric_rules_end:
        .byte 0
        .section .note.GNU-stack,"",%progbits
