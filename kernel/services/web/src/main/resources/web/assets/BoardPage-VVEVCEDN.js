import{ba as o,ja as r}from"./chunk-DAEH6VBU.js";function a(){return o(r,{title:"Dashboard"})}export{a as BoardPage};
