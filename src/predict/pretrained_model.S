/* The bytes of models/drift.model, as driftcast_pretrained_model .. driftcast_pretrained_model_end. */
        .section .rodata
        .balign 16
        .global driftcast_pretrained_model
        .global driftcast_pretrained_model_end
driftcast_pretrained_model:
        .incbin DRIFTCAST_MODEL_FILE
driftcast_pretrained_model_end:
        .byte 0
        .section .note.GNU-stack,"",%progbits
