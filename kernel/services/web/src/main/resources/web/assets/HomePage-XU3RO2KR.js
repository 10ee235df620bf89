import{ba as o,ja as t}from"./chunk-DAEH6VBU.js";function m(){return o(t,{title:"Home"})}export{m as HomePage};
